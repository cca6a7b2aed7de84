//! How a child comes by its end of the line: it inherits a descriptor of a number that both know.
#![expect(unsafe_code, reason = "takes possession of an inherited descriptor")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::OnceLock;

use crate::rendezvous::Invitation;
use crate::sys::descriptor::Descriptor;
use crate::sys::line::Theirs;

/// The number under which a child finds its end of the line: the first after the standard streams.
const HANDOVER_FD: RawFd = 3;

impl Invitation {
    /// The number of the descriptor that must be [`child_end`](Self::child_end) in the child.
    pub const CHILD_END: RawFd = HANDOVER_FD;

    /// What must be descriptor [`CHILD_END`](Self::CHILD_END) in the child.
    pub fn child_end(&self) -> BorrowedFd<'_> {
        self.line.theirs.as_fd()
    }
}

/// What is at [`HANDOVER_FD`], if anything is.
pub(in crate::sys) fn inherited() -> Option<BorrowedFd<'static>> {
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
/// sees the line hang up must find the life mark gone, which goes with the heap's descriptor; on macOS, where the
/// order is the opposite, with a descriptor of a number that is higher still. It becomes
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

/// What becomes ready when the parent has closed its end, be it by an exec.
pub(crate) fn hang_up() -> Option<Descriptor<'static>> {
    LINE.get().map(|line| line.0.as_fd())
}

/// Makes `line` what this process, the child of a fork, has for a line: it has its parent's, which
/// would hide an exec of that one.
pub(in crate::sys) fn replace(line: &OwnedFd) -> io::Result<&'static Theirs> {
    let Some(parents) = LINE.get() else {
        let line = keep(line.as_fd())?;
        return Ok(LINE.get_or_init(|| Theirs(line)));
    };
    let number = parents.0.as_raw_fd();
    // SAFETY: take integers. The number stays open, and what it led to before was a copy. No other thread is
    // there to start a program between the two.
    let failed = unsafe {
        libc::dup2(line.as_raw_fd(), number) < 0
            || libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) < 0
    };
    if failed { Err(io::Error::last_os_error()) } else { Ok(parents) }
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
