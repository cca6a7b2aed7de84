//! `Shared<T>`: one value that many processes use.
#![expect(unsafe_code, reason = "makes references to values in shared memory")]

use std::alloc::Layout;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sync_prims::ShmSafe;

use crate::handle::{self, Hold};
use crate::heap::{Contents, Kind, Owner, Role};
use crate::message::size_of_value;
use crate::program::Program;

/// An `Arc` across processes: every clone, in whatever process, refers to the same value.
///
/// The value lies in the program's shared memory. It changes through what it is made of:
/// [`Lock`](sync_prims::process::Lock), [`Event`](sync_prims::process::Event), atomics. A `Shared` can
/// be an argument or result of a process, or travel inside a message. To hand a value over instead of
/// sharing it, send it.
///
/// # Process death
///
/// The value lives until the last `Shared` to it is dropped or its process is gone, killed or not. A
/// `Shared` inside a message counts. Values in shared memory are never dropped in the sense of
/// `Drop`, which [`ShmSafe`] makes sure nobody misses.
///
/// # Examples
///
/// Two handles, one value:
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// let counter = ipc::Shared::new(AtomicU64::new(0))?;
/// let same = counter.clone();
/// same.fetch_add(1, Ordering::Relaxed);
/// assert_eq!(counter.load(Ordering::Relaxed), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "Value")]
pub struct Shared<T> {
    value: NonNull<T>,
    hold: Arc<Hold>,
    _value: PhantomData<T>,
}

// SAFETY: as for `Arc<T>`: a `Shared` gives out `&T` on whatever thread it is, which needs `T: Sync`;
// it never gives the value itself away. The hold is Sync.
unsafe impl<T: Sync> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Shared<T> {}

enum Tag {}

impl<T: ShmSafe + 'static> Shared<T> {
    /// Puts `value` into shared memory.
    ///
    /// # Errors
    /// The program's shared memory is used up or cannot be made.
    pub fn new(value: T) -> io::Result<Shared<T>> {
        const { assert!(!std::mem::needs_drop::<T>(), "nothing drops a value in shared memory") };
        let program = Program::current()?;
        let Program { heap, me, .. } = program;
        let layout = Layout::new::<T>();
        let contents = Contents { kind: Kind::Value, fingerprint: Self::fingerprint(), length: 1 };
        let size = size_of_value(layout)?;
        let new = heap.allocate(size, contents, Owner::Process(*me), Role::Plain, *me)?;
        let shared = Shared::from_hold(Hold::new(program, new.hold, new.object));
        // SAFETY: in bounds and aligned for T, and nobody else knows the object yet.
        unsafe { shared.value.write(value) };
        Ok(shared)
    }

    fn fingerprint() -> u64 {
        handle::fingerprint::<Tag, T>((size_of::<T>(), align_of::<T>()))
    }

    fn from_hold(hold: Hold) -> Shared<T> {
        let heap = &hold.program().heap;
        let (offset, size) = heap.block(hold.object());
        assert!(size_of::<T>() as u64 <= size, "the block was made for this type");
        let value = heap.at(offset, size_of::<T>() as u64, align_of::<T>() as u64).cast();
        Shared { value, hold: Arc::new(hold), _value: PhantomData }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the object holds a T (checked by fingerprint where the handle came from) and lives
        // while the hold does; other processes change it only through what `ShmSafe` allows.
        unsafe { self.value.as_ref() }
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Shared<T> {
        Shared { value: self.value, hold: Arc::clone(&self.hold), _value: PhantomData }
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shared").field(&**self).finish()
    }
}

impl<T: ShmSafe + 'static> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        handle::serialize(&self.hold, Role::Plain, serializer)
    }
}

impl<'de, T: ShmSafe + 'static> Deserialize<'de> for Shared<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Shared<T>, D::Error> {
        handle::deserialize(Self::fingerprint(), deserializer).map(Shared::from_hold)
    }
}
