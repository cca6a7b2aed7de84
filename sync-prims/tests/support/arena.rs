//! Memory shared with the children of a test, and a witness for their deaths.
#![expect(unsafe_code, reason = "places values in the mapping")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use super::sys::{self, Lives, SIZE};
use sync_prims::process;
use sync_prims::raw::EventCount;

/// One mapping for the whole test binary, registered, never unmapped; values are placed in it one
/// after the other.
pub struct Arena {
    base: usize,
    /// In the mapping itself: children place values as well.
    used: &'static AtomicUsize,
    pub witness: Arc<Lives>,
}

/// Tells everybody that a process is gone.
pub fn tell_of_a_death() {
    Arena::shared().witness.deaths.notify_after_death();
}

impl Arena {
    pub fn shared() -> &'static Arena {
        static ARENA: OnceLock<Arena> = OnceLock::new();
        ARENA.get_or_init(|| {
            let base = sys::map();
            // SAFETY: zero bytes in the mapping, which are used for nothing else.
            let deaths = unsafe { &*base.cast::<EventCount>().byte_add(64) };
            let witness = Arc::new(Lives::new(deaths));
            let start: *const u8 = base.cast_const().cast();
            // SAFETY: the mapping stays for ever.
            unsafe { process::register(start..start.wrapping_add(SIZE), witness.clone()) }
                .expect("register");
            // SAFETY: zero bytes at the start of the mapping, which are used for nothing else.
            let used = unsafe { &*base.cast::<AtomicUsize>() };
            let _ = used.compare_exchange(0, 128, Ordering::Relaxed, Ordering::Relaxed);
            Arena { base: base.expose_provenance(), used, witness }
        })
    }

    /// Puts a value into the shared memory. Zero bytes follow it, and it stays for ever.
    pub fn place<T: Sync>(&self, value: T) -> &'static T {
        let size = size_of::<T>().next_multiple_of(128) + 128;
        assert!(align_of::<T>() <= 128);
        let offset = self.used.fetch_add(size, Ordering::Relaxed);
        assert!(offset + size <= SIZE, "the arena is full");
        let place: *mut T = std::ptr::with_exposed_provenance_mut(self.base + offset);
        // SAFETY: nobody else has this part of the mapping.
        unsafe {
            place.write(value);
            &*place
        }
    }

    /// Where a value was placed.
    pub fn offset_of<T>(&self, value: &'static T) -> usize {
        std::ptr::from_ref(value).addr() - self.base
    }

    /// The value that another process has placed there.
    ///
    /// # Safety
    /// It has, and of this type.
    pub unsafe fn at<T: Sync>(&self, offset: usize) -> &'static T {
        assert!(offset + size_of::<T>() <= SIZE);
        // SAFETY: the caller's promise; the mapping stays for ever.
        unsafe { &*std::ptr::with_exposed_provenance(self.base + offset) }
    }
}
