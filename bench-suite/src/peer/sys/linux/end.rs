//! The end of a child, by its pidfd.
#![expect(unsafe_code, reason = "calls the system, which std does not")]

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::process::Child;
use std::time::{Duration, Instant};

/// Whether the child has ended; waits at most so long for that.
pub(crate) fn has_ended(child: &Child, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    let Ok(process) = open(child.id()) else { return false };
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match is_ready(process.as_raw_fd(), left) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            answer => return answer.unwrap_or(false),
        }
    }
}

/// A reference to the process that is ready when it has ended.
fn open(process: u32) -> io::Result<OwnedFd> {
    // SAFETY: takes two numbers, and gives a descriptor or an error.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, process, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call above has made the descriptor for us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

fn is_ready(fd: RawFd, patience: Duration) -> io::Result<bool> {
    let mut source = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let patience = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: the pointer is to one pollfd that lives through the call.
    match unsafe { libc::poll(&raw mut source, 1, patience) } {
        ..0 => Err(io::Error::last_os_error()),
        ready => Ok(ready > 0),
    }
}
