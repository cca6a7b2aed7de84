//! Who is alive: a POSIX record lock on one byte of the heap's file for each process.
//!
//! A record lock belongs to the process, not to a thread or a descriptor: a forked child does not
//! have it, and the kernel drops it when the last thread has let go of its descriptors, which is
//! after that thread let go of its memory. Our descriptor is close-on-exec, so an exec drops it
//! too. An unlocked byte therefore proves that nobody of that process can write any more, which a
//! pidfd does not (it outlives an exec). The pidfd is what can be waited for.
#![expect(unsafe_code, reason = "eventfd and pidfd_open are foreign functions")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::memory::Memory;
use crate::sys::unix::mark;

/// Marks this process as living, as [`mark::hold`] does.
pub(crate) fn hold(memory: &Memory, byte: u64) -> io::Result<()> {
    mark::hold(memory.as_fd(), byte)
}

/// Whether process `pid` holds the mark on `byte`. A process is never told of its own mark.
pub(crate) fn is_held(memory: &Memory, byte: u64, pid: u32) -> io::Result<bool> {
    mark::is_held(memory.as_fd(), byte, pid)
}

/// Refers to one process until dropped, even after its id is used again: a pidfd.
#[derive(Debug)]
pub struct Sentinel(OwnedFd);

impl Sentinel {
    /// `None` when there is no such process any more.
    pub(crate) fn open(pid: u32) -> io::Result<Option<Sentinel>> {
        // SAFETY: takes two integers and touches no memory of ours.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid as libc::pid_t, 0) };
        if fd < 0 {
            let error = io::Error::last_os_error();
            return match error.raw_os_error() {
                Some(libc::ESRCH) => Ok(None),
                _ => Err(error),
            };
        }
        // SAFETY: the kernel just gave us this descriptor and nobody else knows it.
        Ok(Some(Sentinel(unsafe { OwnedFd::from_raw_fd(fd as i32) })))
    }
}

impl From<OwnedFd> for Sentinel {
    fn from(pidfd: OwnedFd) -> Sentinel {
        Sentinel(pidfd)
    }
}

impl AsFd for Sentinel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Wakes a thread of this process that sleeps in [`poll`].
#[derive(Debug)]
pub(crate) struct Doorbell(OwnedFd);

impl Doorbell {
    pub(crate) fn new() -> io::Result<Doorbell> {
        // SAFETY: takes two integers and touches no memory of ours.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel just gave us this descriptor and nobody else knows it.
        Ok(Doorbell(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    pub(crate) fn ring(&self) {
        let one = 1u64;
        // SAFETY: reads eight bytes of a local. A full counter (EAGAIN) is ready already.
        unsafe { libc::write(self.0.as_raw_fd(), (&raw const one).cast(), 8) };
    }

    pub(crate) fn clear(&self) {
        let mut count = 0u64;
        // SAFETY: writes eight bytes of a local. An empty counter (EAGAIN) is clear already.
        unsafe { libc::read(self.0.as_raw_fd(), (&raw mut count).cast(), 8) };
    }
}

impl AsFd for Doorbell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
