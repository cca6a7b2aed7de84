//! Memory that children inherit, and a witness that goes by locks on the bytes of a file.
#![expect(unsafe_code, reason = "maps memory")]

use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sync_prims::Deadline;
use sync_prims::process::Witness;
use sync_prims::raw::EventCount;

pub const SIZE: usize = 4 << 30;

/// Every process locks the byte of its number in a file that nobody inherits across `exec`: the
/// kernel drops such a lock when the last thread of the process is gone, or at `exec`.
pub struct Lives {
    file: File,
    /// The process that has locked its byte.
    locked_by: AtomicU32,
    /// In the mapping.
    pub deaths: &'static EventCount,
}

pub fn map() -> *mut u8 {
    // SAFETY: a new anonymous mapping.
    let base = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            SIZE,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_ANON | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    assert_ne!(base, libc::MAP_FAILED);
    base.cast()
}

impl Lives {
    pub fn new(deaths: &'static EventCount) -> Self {
        let path = std::env::temp_dir().join(format!("sync-prims-lives-{}", std::process::id()));
        let file = File::options().read(true).write(true).create_new(true).open(&path);
        let file = file.expect("a file without a name");
        std::fs::remove_file(path).expect("a file without a name");
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

impl Witness for Lives {
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
