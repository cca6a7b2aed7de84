//! The line between a process and a child that it starts: a pair of sockets, of which the child inherits one.
//!
//! Sockets that keep message borders (`SOCK_SEQPACKET`) do not exist in this domain here, so it is a stream. One way goes the
//! greeting, with the number and the size of the memory behind it; it is there before anybody reads. The other way go
//! a byte that says that the greeting was taken, and what the child answers. As long as the child has its end open, its parent
//! finds nothing to read: so much that it would count as readable never comes.
#![expect(unsafe_code, reason = "getsockopt is a foreign function")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};

use super::memory::Memory;
use super::socket::prepare;
use crate::sys::descriptor::Descriptor;
use crate::sys::unix::handover::inherited;
pub(crate) use crate::sys::unix::handover::{hang_up, take};
use crate::sys::unix::passing;
use crate::sys::unix::stream::set_option;

/// No message is longer.
pub(crate) const LONGEST: usize = 4096;

/// What a socket of this kind has room for at first (`net.local.stream.recvspace`): more than the child ever says.
const ROOM: libc::c_int = 8192;

/// The child has taken the greeting.
const TAKEN: u8 = 1;
/// What follows is its answer.
const ANSWER: u8 = 2;

/// The number and the size of the memory.
const TAIL: usize = 24;

/// Both ends, before the child is started.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) ours: Arc<Ours>,
    pub(in crate::sys) theirs: OwnedFd,
}

impl Line {
    pub(crate) fn new() -> io::Result<Line> {
        let (ours, theirs) = UnixStream::pair()?;
        let (ours, theirs) = (prepare(ours.into())?, prepare(theirs.into())?);
        set_option(ours.as_fd(), libc::SOL_SOCKET, libc::SO_RCVLOWAT, ROOM)?;
        Ok(Line { ours: Arc::new(Ours { socket: ours, said: Mutex::default() }), theirs })
    }
}

/// The end of who starts a child.
#[derive(Debug)]
pub(crate) struct Ours {
    socket: OwnedFd,
    /// What the child has said so far.
    said: Mutex<Vec<u8>>,
}

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
        let mut message = greeting.to_vec();
        message.extend(memory.id().to_ne_bytes());
        message.extend(memory.size().to_ne_bytes());
        passing::send(self.socket.as_fd(), &message, Some(memory.as_fd()))
    }

    /// What becomes ready when the child has closed its end, be it by an exec.
    pub(crate) fn hang_up(&self) -> Option<Descriptor<'_>> {
        Some(self.socket.as_fd())
    }

    /// `None` until the child has answered or closed its end.
    pub(crate) fn heard(&self) -> Option<Heard> {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = [0; LONGEST];
        let closed = loop {
            match passing::recv(self.socket.as_fd(), &mut bytes) {
                Ok((0, _)) => break true,
                Ok((len, _)) => said.extend(&bytes[..len]),
                Err(error) => break error.kind() != io::ErrorKind::WouldBlock,
            }
        };
        let heard = understand(&said);
        (closed || heard.answer.is_some()).then_some(heard)
    }
}

fn understand(said: &[u8]) -> Heard {
    let (greeted, rest) = match said {
        [TAKEN, rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let answer = rest.strip_prefix(&[ANSWER]).map(<[u8]>::to_vec);
    Heard { greeted, answer }
}

/// The end of the child, once it has taken it.
#[derive(Debug)]
pub(crate) struct Theirs(pub(in crate::sys) OwnedFd);

impl Theirs {
    /// Takes the greeting and the memory.
    pub(crate) fn greeting(&self, into: &mut [u8]) -> io::Result<(usize, Option<Memory>)> {
        let mut message = [0; LONGEST + TAIL];
        let (len, object) = passing::recv(self.0.as_fd(), &mut message)?;
        let refused = || io::Error::new(io::ErrorKind::InvalidData, "the greeting is incomplete");
        let (greeting, tail) = message[..len].split_last_chunk::<TAIL>().ok_or_else(refused)?;
        let (id, size) = tail.split_first_chunk().ok_or_else(refused)?;
        let size = size.try_into().map_err(io::Error::other)?;
        let (id, size) = (u128::from_ne_bytes(*id), u64::from_ne_bytes(size));
        into.get_mut(..greeting.len()).ok_or_else(refused)?.copy_from_slice(greeting);
        // Nobody hears it if the parent is gone.
        let _ = passing::send(self.0.as_fd(), &[TAKEN], None);
        Ok((greeting.len(), object.map(|object| Memory::received(object, id, size))))
    }

    /// Whether process `pid` is at the other end: the one that used it last, which has sent the greeting.
    pub(crate) fn is_from(&self, pid: u32) -> io::Result<bool> {
        let mut peer: libc::pid_t = 0;
        let mut len = size_of::<libc::pid_t>() as libc::socklen_t;
        // SAFETY: the kernel writes at most `len` bytes, the size of the integer behind the pointer.
        let done = unsafe {
            let (level, name, peer) =
                (libc::SOL_LOCAL, libc::LOCAL_PEERPID, (&raw mut peer).cast());
            libc::getsockopt(self.0.as_raw_fd(), level, name, peer, &raw mut len)
        };
        if done < 0 { Err(io::Error::last_os_error()) } else { Ok(peer as u32 == pid) }
    }
}

/// Whether this process was started with a line on which a message waits that begins so.
pub(crate) fn arrived(magic: &[u8; 16]) -> bool {
    let mut first = [0; 16];
    inherited().is_some_and(|line| {
        is_unix(line).unwrap_or(false)
            && passing::peek(line, &mut first).is_ok_and(|len| len == magic.len())
            && first == *magic
    })
}

/// Whether it is a socket of the domain of our pairs.
fn is_unix(fd: BorrowedFd<'_>) -> io::Result<bool> {
    Ok(UnixStream::from(fd.try_clone_to_owned()?).local_addr()?.is_unnamed())
}

/// Tells who started this process something, in place of joining. Nobody hears it if they are gone.
pub(crate) fn answer(bytes: &[u8]) {
    // Who cannot take it can still say so on it.
    let line = take().map(|line| line.0.as_fd()).ok().or_else(inherited);
    let _ = line.map(|line| say(line, bytes));
}

/// The same on a line that this process has not taken yet.
pub(in crate::sys) fn refuse(line: &OwnedFd, bytes: &[u8]) -> io::Result<()> {
    say(line.as_fd(), bytes)
}

fn say(line: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<()> {
    passing::send(line, &[&[ANSWER], bytes].concat(), None)
}

#[cfg(test)]
mod tests {
    use super::understand;

    #[test]
    fn what_a_child_says_is_understood() {
        assert!(!understand(&[]).greeted && understand(&[]).answer.is_none());
        assert!(understand(&[1]).greeted && understand(&[1]).answer.is_none());
        assert_eq!(understand(&[1, 2, 7]).answer.as_deref(), Some(&[7][..]));
        assert!(!understand(&[2, 7]).greeted && understand(&[2]).answer.is_some());
    }
}
