//! Waiting for many descriptors by way of one.
#![expect(unsafe_code, reason = "epoll's three calls are foreign functions")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

/// Ready when one of the descriptors in it can be read or has hung up. A descriptor leaves it when the
/// last copy of it is closed, or when it is removed.
#[derive(Debug)]
pub(crate) struct Epoll(OwnedFd);

impl Epoll {
    pub(crate) fn new() -> io::Result<Epoll> {
        // SAFETY: takes an integer and touches no memory of ours.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel just gave us this descriptor and nobody else knows it.
        Ok(Epoll(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Adds a descriptor.
    pub(crate) fn add(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, fd, libc::EPOLLIN)
    }

    /// Says whether a descriptor that is in it counts.
    pub(crate) fn heed(&self, fd: BorrowedFd<'_>, heed: bool) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, fd, if heed { libc::EPOLLIN } else { 0 })
    }

    /// Takes a descriptor out.
    pub(crate) fn remove(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_DEL, fd, 0)
    }

    fn control(&self, operation: i32, fd: BorrowedFd<'_>, events: i32) -> io::Result<()> {
        let mut event = libc::epoll_event { events: events as u32, u64: 0 };
        // SAFETY: the kernel reads one event, a local that outlives the call.
        let done = unsafe {
            libc::epoll_ctl(self.0.as_raw_fd(), operation, fd.as_raw_fd(), &raw mut event)
        };
        if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Sleeps until one is ready, for at most `timeout` (`None`: for ever), or until a signal comes.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> io::Result<()> {
        super::life::poll(&[self.0.as_fd()], timeout).map(drop)
    }
}

impl AsFd for Epoll {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
