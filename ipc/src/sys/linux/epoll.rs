//! Waiting for many descriptors by way of one.
#![expect(unsafe_code, reason = "epoll's three calls are foreign functions")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

/// Ready when one of the descriptors in it can be read or has hung up. A descriptor leaves it when it is removed,
/// which it has to be before it is closed.
#[derive(Debug)]
pub(crate) struct Epoll(OwnedFd);

/// A descriptor that is ready.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ready {
    pub(crate) number: u64,
    /// It can be read.
    pub(crate) read: bool,
    /// Its other end is gone. There may still be something to read.
    pub(crate) gone: bool,
}

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

    /// Adds a descriptor with a number to know it by.
    pub(crate) fn add_numbered(&self, fd: BorrowedFd<'_>, number: u64) -> io::Result<()> {
        self.control_numbered(libc::EPOLL_CTL_ADD, fd, libc::EPOLLIN | libc::EPOLLRDHUP, number)
    }

    /// Says what counts of a descriptor with a number: that it can be read, or written to. That its other
    /// end is gone always counts.
    pub(crate) fn heed_numbered(
        &self,
        fd: BorrowedFd<'_>,
        number: u64,
        read: bool,
        write: bool,
    ) -> io::Result<()> {
        let read = if read { libc::EPOLLIN } else { 0 };
        let write = if write { libc::EPOLLOUT } else { 0 };
        self.control_numbered(libc::EPOLL_CTL_MOD, fd, read | write | libc::EPOLLRDHUP, number)
    }

    /// Takes a descriptor out.
    pub(crate) fn remove(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_DEL, fd, 0)
    }

    fn control(&self, operation: i32, fd: BorrowedFd<'_>, events: i32) -> io::Result<()> {
        self.control_numbered(operation, fd, events, 0)
    }

    fn control_numbered(
        &self,
        operation: i32,
        fd: BorrowedFd<'_>,
        events: i32,
        number: u64,
    ) -> io::Result<()> {
        let mut event = libc::epoll_event { events: events as u32, u64: number };
        // SAFETY: the kernel reads one event, a local that outlives the call.
        let done = unsafe {
            libc::epoll_ctl(self.0.as_raw_fd(), operation, fd.as_raw_fd(), &raw mut event)
        };
        if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Sleeps as [`wait`](Epoll::wait) does, and tells some of those that are ready.
    pub(crate) fn wait_numbered(&self, timeout: Option<Duration>) -> io::Result<Vec<Ready>> {
        self.wait(timeout)?;
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 64];
        // SAFETY: the kernel writes at most as many events as the array has room for.
        let count = unsafe {
            let room = events.len() as i32;
            libc::epoll_wait(self.0.as_raw_fd(), events.as_mut_ptr(), room, 0)
        };
        if count < 0 {
            let error = io::Error::last_os_error();
            let interrupted = error.kind() == io::ErrorKind::Interrupted;
            return if interrupted { Ok(Vec::new()) } else { Err(error) };
        }
        let ready = |event: &libc::epoll_event| {
            let (number, events) = (event.u64, event.events as i32);
            let gone = events & (libc::EPOLLRDHUP | libc::EPOLLHUP | libc::EPOLLERR) != 0;
            Ready { number, read: events & libc::EPOLLIN != 0, gone }
        };
        Ok(events.iter().take(count as usize).map(ready).collect())
    }

    /// Sleeps until one is ready, for at most `timeout` (`None`: for ever), or until a signal comes.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> io::Result<()> {
        super::readiness::readable(&[self.0.as_fd()], timeout).map(drop)
    }
}

impl AsFd for Epoll {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
