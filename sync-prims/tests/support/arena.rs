//! Memory shared with the children of a test, and a witness for their deaths.
#![expect(unsafe_code, reason = "maps memory")]

use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sync_prims::Deadline;
use sync_prims::process::{self, Witness};
use sync_prims::raw::EventCount;

const SIZE: usize = 4 << 30;

/// One mapping for the whole test binary, registered, never unmapped; values are placed in it one
/// after the other.
pub struct Arena {
    base: usize,
    /// In the mapping itself: children place values as well.
    used: &'static AtomicUsize,
    pub witness: Arc<LockedByte>,
}

/// Every process locks the byte of its number in a file that nobody inherits across `exec`: the
/// kernel drops such a lock when the last thread of the process is gone, or at `exec`.
pub struct LockedByte {
    file: File,
    /// The process that has locked its byte.
    locked_by: AtomicU32,
    /// In the mapping.
    deaths: &'static EventCount,
}

impl Arena {
    pub fn shared() -> &'static Arena {
        static ARENA: OnceLock<Arena> = OnceLock::new();
        ARENA.get_or_init(|| {
            // SAFETY: a new anonymous mapping.
            let base = unsafe {
                libc::mmap(
                    std::ptr::null_mut(),
                    SIZE,
                    libc::PROT_READ | libc::PROT_WRITE,
                    libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                    -1,
                    0,
                )
            };
            assert_ne!(base, libc::MAP_FAILED);
            // SAFETY: zero bytes in the mapping, which are used for nothing else.
            let deaths = unsafe { &*base.cast::<EventCount>().byte_add(64) };
            let witness = Arc::new(LockedByte::new(deaths));
            let start: *const u8 = base.cast_const().cast();
            // SAFETY: the mapping stays for ever.
            unsafe { process::register(start..start.wrapping_add(SIZE), witness.clone()) }
                .expect("register");
            // SAFETY: zero bytes at the start of the mapping, which are used for nothing else.
            let used = unsafe { &*base.cast::<AtomicUsize>() };
            used.store(128, Ordering::Relaxed);
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
}

impl LockedByte {
    fn new(deaths: &'static EventCount) -> Self {
        // SAFETY: a new descriptor, which nobody else owns.
        let file = unsafe {
            let fd = libc::memfd_create(c"lives".as_ptr(), libc::MFD_CLOEXEC);
            assert!(fd >= 0);
            File::from(OwnedFd::from_raw_fd(fd))
        };
        Self { file, locked_by: AtomicU32::new(0), deaths }
    }

    fn lock_of(&self, process: u32, command: i32) -> libc::flock {
        // SAFETY: all-zero bytes are a valid flock.
        let mut lock: libc::flock = unsafe { std::mem::zeroed() };
        lock.l_type = libc::F_WRLCK as _;
        lock.l_start = i64::from(process);
        lock.l_len = 1;
        // SAFETY: valid for reads and writes.
        let result = unsafe { libc::fcntl(self.file.as_raw_fd(), command, &raw mut lock) };
        assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
        lock
    }
}

/// Tells everybody that a process is gone.
pub fn tell_of_a_death() {
    Arena::shared().witness.deaths.notify_after_death();
}

impl Witness for LockedByte {
    fn deaths(&self) -> Option<&EventCount> {
        Some(self.deaths)
    }

    fn me(&self) -> u32 {
        let pid = std::process::id();
        if self.locked_by.swap(pid, Ordering::Relaxed) != pid {
            self.lock_of(pid, libc::F_SETLK);
        }
        pid
    }

    fn wait_gone(&self, process: u32, deadline: Deadline) -> bool {
        if process == std::process::id() {
            // One's own lock does not show; and this process will not be gone.
            while !deadline.passed() {
                // sleep: waiting for the deadline is all that is left.
                std::thread::sleep(deadline.remaining().unwrap_or(Duration::from_secs(1)));
            }
            return false;
        }
        loop {
            if self.lock_of(process, libc::F_GETLK).l_type == libc::F_UNLCK as _ {
                return true;
            }
            if deadline.passed() {
                return false;
            }
            // sleep: the end of the process is known to no descriptor here; ipc has one.
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
