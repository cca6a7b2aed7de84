//! Groups of processes, so that a runner is killed with whatever it has started.
#![expect(unsafe_code, reason = "calls the system where std has no function for it")]

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{self, Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// Makes what the command starts the first of a group of its own.
pub(crate) fn lead(command: &mut Command) {
    command.process_group(0);
}

/// Kills every process of the group that the child leads, and gives how the child ended: by this,
/// unless it had before.
pub(crate) fn kill(child: &mut Child) -> io::Result<ExitStatus> {
    // SAFETY: no memory is involved. The child was not waited for yet, since `Child` keeps what the
    // first wait returned and this is the only one, so the id still names its group.
    unsafe { libc::kill(-child.id().cast_signed(), libc::SIGKILL) };
    child.wait()
}

/// Ends this process with its group if it leads one, alone if it does not.
pub(crate) fn end() -> ! {
    // SAFETY: takes nothing and gives a number.
    let leader = unsafe { libc::getpgrp() };
    if leader.cast_unsigned() == process::id() {
        // SAFETY: no memory is involved, and this process is of the group.
        unsafe { libc::kill(0, libc::SIGKILL) };
    }
    process::exit(1)
}

/// Kills a process that is known to be there.
pub(crate) fn kill_one(process: u32) -> io::Result<()> {
    // SAFETY: no memory is involved.
    match unsafe { libc::kill(process.cast_signed(), libc::SIGKILL) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

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

/// Whether that is how a process ends that used memory it has not.
pub(crate) fn crashed(status: ExitStatus) -> bool {
    status.signal() == Some(libc::SIGSEGV)
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
