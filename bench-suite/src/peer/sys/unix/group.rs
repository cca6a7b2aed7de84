//! Groups of processes, so that a runner is killed with whatever it has started.
#![expect(unsafe_code, reason = "calls the system where std has no function for it")]

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{self, Child, Command, ExitStatus};
use std::time::Duration;

use super::crash;
use crate::peer::sys::end;

/// A process and all that it starts.
#[derive(Debug)]
pub(crate) struct Group {
    /// The first of them.
    pub(crate) leader: Child,
}

impl Group {
    /// Starts what the command says as the first of a group of its own.
    pub(crate) fn start(command: &mut Command) -> io::Result<Group> {
        Ok(Group { leader: command.process_group(0).spawn()? })
    }

    /// Whether the first has ended; waits at most so long for that.
    pub(crate) fn has_ended(&self, patience: Duration) -> bool {
        end::has_ended(&self.leader, patience)
    }

    /// Kills every process of the group, and gives how the first ended: by this, unless it had before.
    pub(crate) fn kill(&mut self) -> io::Result<ExitStatus> {
        // SAFETY: no memory is involved. The leader was not waited for yet, since `Child` keeps what the
        // first wait returned and this is the only one, so the id still names its group.
        unsafe { libc::kill(-self.leader.id().cast_signed(), libc::SIGKILL) };
        self.leader.wait()
    }
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

/// Whether that is how a process ends that used memory it has not.
pub(crate) fn crashed(status: ExitStatus) -> bool {
    status.signal().is_some_and(crash::is_of_one)
}
