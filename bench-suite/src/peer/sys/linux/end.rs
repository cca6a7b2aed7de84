//! The end of a child, by its pidfd.

use std::process::Child;
use std::time::Duration;

use ipc::wait;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// Whether the child has ended; waits at most so long for that.
pub(crate) fn has_ended(child: &Child, patience: Duration) -> bool {
    let end = pidfd_open(Pid::from_child(child), PidfdFlags::empty());
    end.is_ok_and(|end| wait(&[&end], Some(patience)).is_ok_and(|ended| !ended.is_empty()))
}
