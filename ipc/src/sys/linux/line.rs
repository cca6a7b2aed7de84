//! The line between a process and a child that it starts: a pair of sockets, of which the child inherits one.
#![expect(unsafe_code, reason = "takes possession of an inherited descriptor")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::{Arc, OnceLock};

use super::datagram;
use super::descriptor::Descriptor;
use super::memory::Memory;
use crate::rendezvous::Invitation;

/// The number under which a child finds its end of the line: the first after the standard streams.
const HANDOVER_FD: RawFd = 3;

/// No message is longer.
pub(crate) const LONGEST: usize = 4096;

/// Both ends, before the child is started.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) ours: Arc<Ours>,
    pub(super) theirs: OwnedFd,
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
        datagram::send(self.0.as_fd(), greeting, Some(memory.as_fd()))
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
            match datagram::recv(self.0.as_fd(), &mut bytes) {
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

impl Invitation {
    /// The number of the descriptor that must be [`child_end`](Self::child_end) in the child.
    pub const CHILD_END: RawFd = HANDOVER_FD;

    /// What must be descriptor [`CHILD_END`](Self::CHILD_END) in the child.
    pub fn child_end(&self) -> BorrowedFd<'_> {
        self.line.theirs.as_fd()
    }
}

/// The end of the child, once it has taken it.
#[derive(Debug)]
pub(crate) struct Theirs(OwnedFd);

impl Theirs {
    /// Takes the greeting and the memory.
    pub(crate) fn greeting(&self, into: &mut [u8]) -> io::Result<(usize, Option<Memory>)> {
        datagram::recv(self.0.as_fd(), into)
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
            && datagram::peek(line, &mut first).is_ok_and(|len| len == magic.len())
            && first == *magic
    })
}

/// Tells who started this process something, in place of joining. Nobody hears it if they are gone.
pub(crate) fn answer(bytes: &[u8]) {
    // Who cannot take it can still say so on it.
    let line = take().map(|line| line.0.as_fd()).ok().or_else(inherited);
    let _ = line.map(|line| datagram::send(line, bytes, None));
}

/// What is at [`HANDOVER_FD`], if anything is.
fn inherited() -> Option<BorrowedFd<'static>> {
    // SAFETY: F_GETFD touches no memory; for a number that is no descriptor it fails.
    let open = unsafe { libc::fcntl(HANDOVER_FD, libc::F_GETFD) } >= 0;
    // SAFETY: it is open now. Callers only look at it; should other code of this process own and
    // close it meanwhile, looking fails and nothing else happens.
    open.then(|| unsafe { BorrowedFd::borrow_raw(HANDOVER_FD) })
}

/// Above the heap's descriptor, whatever that becomes.
const LINE_FROM: RawFd = 16;

static LINE: OnceLock<Theirs> = OnceLock::new();

/// Takes possession of it, for as long as the process lives. Called when it is known to be ours.
///
/// The line moves to a higher number: at an exec the kernel closes descriptors in order, and whoever
/// sees the line hang up must find the life mark gone, which goes with the heap's descriptor. It becomes
/// close-on-exec, so that programs we start do not keep it open.
pub(crate) fn take() -> io::Result<&'static Theirs> {
    if let Some(line) = LINE.get() {
        return Ok(line);
    }
    // SAFETY: `arrived` said that this is the end our parent made for us: nobody else owns it.
    let line = keep(unsafe { BorrowedFd::borrow_raw(HANDOVER_FD) })?;
    // Not before: who cannot move it can still say so on it.
    // SAFETY: as above.
    drop(unsafe { OwnedFd::from_raw_fd(HANDOVER_FD) });
    Ok(LINE.get_or_init(|| Theirs(line)))
}

/// Makes `line` what this process, the child of a fork, has for a line: it has its parent's, which
/// would hide an exec of that one.
pub(super) fn replace(line: &OwnedFd) -> io::Result<&'static Theirs> {
    let Some(parents) = LINE.get() else {
        let line = keep(line.as_fd())?;
        return Ok(LINE.get_or_init(|| Theirs(line)));
    };
    // SAFETY: takes integers. The number stays open, and what it led to before was a copy.
    let put = unsafe { libc::dup3(line.as_raw_fd(), parents.0.as_raw_fd(), libc::O_CLOEXEC) };
    if put < 0 { Err(io::Error::last_os_error()) } else { Ok(parents) }
}

fn keep(line: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    // SAFETY: duplicates a descriptor and touches no memory of ours.
    let fd = unsafe { libc::fcntl(line.as_raw_fd(), libc::F_DUPFD_CLOEXEC, LINE_FROM) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just gave us this descriptor and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
