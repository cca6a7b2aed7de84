//! Who is alive: a POSIX record lock on one byte of the heap's file for each process.
//!
//! A record lock belongs to the process, not to a thread or a descriptor: a forked child does not
//! have it, and the kernel drops it when the last thread has let go of its descriptors, which is
//! after that thread let go of its memory. Our descriptor is close-on-exec, so an exec drops it
//! too. An unlocked byte therefore proves that nobody of that process can write any more, which a
//! pidfd does not (it outlives an exec). The pidfd is what can be waited for.
#![expect(unsafe_code, reason = "fcntl, eventfd and pidfd_open are foreign functions")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::memory::Memory;

fn record(byte: u64) -> libc::flock {
    libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: byte as libc::off_t,
        l_len: 1,
        l_pid: 0,
    }
}

/// Marks this process as living. Waits while another has the mark: one whose place was given up while
/// it was starting, and which ends as soon as it finds that out.
pub(crate) fn hold(memory: &Memory, byte: u64) -> io::Result<()> {
    let lock = record(byte);
    loop {
        // SAFETY: the kernel reads one flock structure that outlives the call.
        if unsafe { libc::fcntl(memory.as_raw_fd(), libc::F_SETLKW, &raw const lock) } == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Whether process `pid` holds the mark on `byte`. A process is never told of its own mark.
pub(crate) fn is_held(memory: &Memory, byte: u64, pid: u32) -> io::Result<bool> {
    let mut lock = record(byte);
    // SAFETY: the kernel reads and writes one flock structure that outlives the call.
    if unsafe { libc::fcntl(memory.as_raw_fd(), libc::F_GETLK, &raw mut lock) } < 0 {
        return Err(io::Error::last_os_error());
    }
    let held = lock.l_type != libc::F_UNLCK as libc::c_short;
    Ok(held && lock.l_pid as u32 == pid)
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
