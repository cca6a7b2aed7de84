//! The line between a process and a child that it starts: a pair of sockets, of which the child inherits one.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use super::datagram;
use super::descriptor::Descriptor;
use super::memory::Memory;
use crate::sys::unix::handover::inherited;
pub(crate) use crate::sys::unix::handover::{hang_up, take};
use crate::sys::unix::passing;

/// No message is longer.
pub(crate) const LONGEST: usize = 4096;

/// Both ends, before the child is started.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) ours: Arc<Ours>,
    pub(in crate::sys) theirs: OwnedFd,
}

impl Line {
    pub(crate) fn new() -> io::Result<Line> {
        let (ours, theirs) = datagram::pair()?;
        Ok(Line { ours: Arc::new(Ours(ours)), theirs })
    }
}

/// The end of who starts a child.
#[derive(Debug)]
pub(crate) struct Ours(OwnedFd);

/// What came over the line, once the child has closed it.
#[derive(Debug)]
pub(crate) struct Heard {
    /// It took the greeting.
    pub(crate) greeted: bool,
    pub(crate) answer: Option<Vec<u8>>,
}

impl Ours {
    /// Leaves the greeting, and the memory, for the child.
    pub(crate) fn greet(&self, greeting: &[u8], memory: &Memory) -> io::Result<()> {
        passing::send(self.0.as_fd(), greeting, Some(memory.as_fd()))
    }

    /// What becomes ready when the child has closed its end, be it by an exec.
    pub(crate) fn hang_up(&self) -> Option<Descriptor<'_>> {
        Some(self.0.as_fd())
    }

    /// `None` until the child has closed its end. Asked once.
    pub(crate) fn heard(&self) -> Option<Heard> {
        let mut heard = Heard { greeted: true, answer: None };
        let mut bytes = [0; LONGEST];
        loop {
            match passing::recv(self.0.as_fd(), &mut bytes) {
                Ok((0, _)) => return Some(heard),
                Ok((len, _)) => heard.answer = Some(bytes[..len].to_vec()),
                // A child that closes the line with our greeting unread resets it. That is said
                // first and once; what the child may have sent comes after it.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                    heard.greeted = false;
                }
                Err(_) if heard.answer.is_some() || !heard.greeted => return Some(heard),
                Err(_) => return None,
            }
        }
    }
}

/// The end of the child, once it has taken it.
#[derive(Debug)]
pub(crate) struct Theirs(pub(in crate::sys) OwnedFd);

impl Theirs {
    /// Takes the greeting and the memory.
    pub(crate) fn greeting(&self, into: &mut [u8]) -> io::Result<(usize, Option<Memory>)> {
        passing::recv(self.0.as_fd(), into)
    }

    /// Whether process `pid` is at the other end. It is known by another number, or none, in another
    /// namespace.
    pub(crate) fn is_from(&self, pid: u32) -> io::Result<bool> {
        Ok(datagram::maker(self.0.as_fd())? == Some(pid))
    }
}

/// Whether this process was started with a line on which a message waits that begins so.
pub(crate) fn arrived(magic: &[u8; 16]) -> bool {
    let mut first = [0; 16];
    inherited().is_some_and(|line| {
        datagram::is_pair_end(line)
            && passing::peek(line, &mut first).is_ok_and(|len| len == magic.len())
            && first == *magic
    })
}

/// Tells who started this process something, in place of joining. Nobody hears it if they are gone.
pub(crate) fn answer(bytes: &[u8]) {
    // Who cannot take it can still say so on it.
    let line = take().map(|line| line.0.as_fd()).ok().or_else(inherited);
    let _ = line.map(|line| passing::send(line, bytes, None));
}

/// The same on a line that this process has not taken yet.
pub(in crate::sys) fn refuse(line: &OwnedFd, bytes: &[u8]) -> io::Result<()> {
    passing::send(line.as_fd(), bytes, None)
}
