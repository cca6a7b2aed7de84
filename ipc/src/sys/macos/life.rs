//! Who is alive: a POSIX record lock on one byte of the program's file of lives, for each process.
//!
//! A process's descriptors are closed, and its record locks with them, by its last thread, when
//! no other can run any more (`proc_exit` in XNU's `bsd/kern/kern_exit.c`); an exec closes ours, and has ended the
//! other threads before. So an unlocked byte proves that nobody of that process can write any more. What can be
//! waited for is the process's end, in a kernel event queue.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use super::lives;
use super::memory::Memory;
use super::queue::{Queue, event};
use crate::sys::unix::mark;

/// Marks this process as living, as [`mark::hold`] does.
pub(crate) fn hold(memory: &Memory, byte: u64) -> io::Result<()> {
    mark::hold(lives::enter(memory)?.as_fd(), byte)
}

/// Whether process `pid` holds the mark on `byte`. A process is never told of its own mark.
pub(crate) fn is_held(memory: &Memory, byte: u64, pid: u32) -> io::Result<bool> {
    mark::is_held(lives::entered(memory)?.as_fd(), byte, pid)
}

/// Refers to one process until dropped, even after its id is used again: a queue that its end is an event in.
#[derive(Debug, Clone)]
pub struct Sentinel(Arc<Queue>);

impl Sentinel {
    /// `None` when there is no such process any more, or it is at its very end: then it cannot be asked for.
    ///
    /// # Errors
    /// The system is out of descriptors or memory.
    pub fn open(pid: u32) -> io::Result<Option<Sentinel>> {
        let queue = Queue::new()?;
        let end = event(pid as usize, libc::EVFILT_PROC, libc::EV_ADD, libc::NOTE_EXIT);
        match queue.change(end) {
            Ok(()) => Ok(Some(Sentinel(Arc::new(queue)))),
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Of a child, which is at its end if it cannot be asked for.
    ///
    /// # Errors
    /// The system is out of descriptors or memory.
    pub fn of_child(pid: u32) -> io::Result<Sentinel> {
        if let Some(sentinel) = Sentinel::open(pid)? {
            return Ok(sentinel);
        }
        let queue = Queue::new()?;
        // Without `EV_CLEAR` it stays, for nobody takes it.
        queue.change(event(0, libc::EVFILT_USER, libc::EV_ADD, 0))?;
        queue.change(event(0, libc::EVFILT_USER, 0, libc::NOTE_TRIGGER))?;
        Ok(Sentinel(Arc::new(queue)))
    }
}

impl AsFd for Sentinel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Wakes a thread of this process that sleeps on its descriptor.
#[derive(Debug)]
pub(crate) struct Doorbell(Queue);

impl Doorbell {
    pub(crate) fn new() -> io::Result<Doorbell> {
        let queue = Queue::new()?;
        queue.change(event(0, libc::EVFILT_USER, libc::EV_ADD | libc::EV_CLEAR, 0))?;
        Ok(Doorbell(queue))
    }

    pub(crate) fn ring(&self) {
        // It fails in a forked child only, where nobody sleeps on it.
        let _ = self.0.change(event(0, libc::EVFILT_USER, 0, libc::NOTE_TRIGGER));
    }

    pub(crate) fn clear(&self) {
        // Taking the event clears it; there is none if nobody rang.
        let _ = self.0.take(&mut [event(0, 0, 0, 0)], Some(Duration::ZERO));
    }
}

impl AsFd for Doorbell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
