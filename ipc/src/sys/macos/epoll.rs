//! Waiting for many descriptors by way of one.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::Duration;

use super::queue::{Queue, event};

/// Ready when one of the descriptors in it can be read or has hung up. A descriptor leaves it when it is removed,
/// which it has to be before it is closed.
#[derive(Debug)]
pub(crate) struct Epoll(Queue);

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
        Queue::new().map(Epoll)
    }

    /// Adds a descriptor.
    pub(crate) fn add(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.add_numbered(fd, 0)
    }

    /// Says whether a descriptor that is in it counts.
    pub(crate) fn heed(&self, fd: BorrowedFd<'_>, heed: bool) -> io::Result<()> {
        let flags = if heed { libc::EV_ENABLE } else { libc::EV_DISABLE };
        self.0.change(event(number_of(fd), libc::EVFILT_READ, flags, 0))
    }

    /// Adds a descriptor with a number to know it by.
    pub(crate) fn add_numbered(&self, fd: BorrowedFd<'_>, number: u64) -> io::Result<()> {
        self.0.change(numbered(fd, libc::EVFILT_READ, libc::EV_ADD, number))
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
        // Anew, for what is in a queue keeps the flags that it was added with.
        self.forget(fd, libc::EVFILT_READ)?;
        if read {
            self.add_numbered(fd, number)?;
        } else {
            // The end is told by the same filter only. There is more to read than ever counts when there is no room
            // for more, which is told once and left out, see `ready`.
            let flags = libc::EV_ADD | libc::EV_CLEAR;
            let mut end = numbered(fd, libc::EVFILT_READ, flags, number);
            (end.fflags, end.data) = (libc::NOTE_LOWAT, i32::MAX as isize);
            self.0.change(end)?;
        }
        if write {
            self.0.change(numbered(fd, libc::EVFILT_WRITE, libc::EV_ADD, number))
        } else {
            self.forget(fd, libc::EVFILT_WRITE)
        }
    }

    /// Takes a descriptor out.
    pub(crate) fn remove(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.forget(fd, libc::EVFILT_READ)?;
        self.forget(fd, libc::EVFILT_WRITE)
    }

    fn forget(&self, fd: BorrowedFd<'_>, filter: i16) -> io::Result<()> {
        match self.0.change(event(number_of(fd), filter, libc::EV_DELETE, 0)) {
            // It was not asked for.
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(()),
            done => done,
        }
    }

    /// Sleeps as [`wait`](Epoll::wait) does, and tells some of those that are ready.
    pub(crate) fn wait_numbered(&self, timeout: Option<Duration>) -> io::Result<Vec<Ready>> {
        let mut events = [event(0, 0, 0, 0); 64];
        let count = self.0.take(&mut events, timeout)?;
        Ok(events.iter().take(count).filter_map(ready).collect())
    }

    /// Sleeps until one is ready, for at most `timeout` (`None`: for ever), or until a signal comes.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.take(&mut [event(0, 0, 0, 0)], timeout).map(drop)
    }
}

fn number_of(fd: BorrowedFd<'_>) -> usize {
    fd.as_raw_fd() as usize
}

fn numbered(fd: BorrowedFd<'_>, filter: i16, flags: u16, number: u64) -> libc::kevent {
    let mut asked = event(number_of(fd), filter, flags, 0);
    asked.udata = std::ptr::without_provenance_mut(number as usize);
    asked
}

/// `None` if nothing that counts is told.
fn ready(told: &libc::kevent) -> Option<Ready> {
    let gone = told.flags & libc::EV_EOF != 0;
    let only_end = told.flags & libc::EV_CLEAR != 0;
    let read = told.filter == libc::EVFILT_READ && !only_end;
    (gone || !only_end).then_some(Ready { number: told.udata.addr() as u64, read, gone })
}

impl AsFd for Epoll {
    /// The queue counts what was true once until somebody looks: so this looks, and whoever is about to sleep on the
    /// descriptor is not woken by what is over.
    fn as_fd(&self) -> BorrowedFd<'_> {
        // Should it fail, the sleep ends once for nothing.
        let _ = self.wait(Some(Duration::ZERO));
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use super::Epoll;
    use crate::sys::readiness::readable;

    #[test]
    fn what_was_read_meanwhile_is_not_ready() {
        let (mut one, mut other) = UnixStream::pair().expect("sockets");
        let all = Epoll::new().expect("a queue");
        all.add(other.as_fd()).expect("room");
        one.write_all(b"x").expect("room");
        assert_eq!(readable(&[all.as_fd()], None).expect("an answer"), [true]);
        other.read_exact(&mut [0]).expect("a byte");
        assert_eq!(readable(&[all.as_fd()], Some(Duration::ZERO)).expect("an answer"), [false]);
    }

    #[test]
    fn who_is_not_read_from_can_still_be_seen_to_be_gone() {
        let (mut one, other) = UnixStream::pair().expect("sockets");
        let all = Epoll::new().expect("a queue");
        all.add_numbered(other.as_fd(), 7).expect("room");
        all.heed_numbered(other.as_fd(), 7, false, false).expect("it is in it");
        one.write_all(b"x").expect("room");
        assert!(all.wait_numbered(Some(Duration::ZERO)).expect("an answer").is_empty());
        drop(one);
        let ready = all.wait_numbered(None).expect("an answer");
        assert!(ready.iter().any(|ready| ready.number == 7 && ready.gone && !ready.read));
    }
}
