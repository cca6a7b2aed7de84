//! The end of a child, by a kernel event queue.

use std::os::fd::AsFd;
use std::process::Child;
use std::time::Duration;

use ipc::rendezvous::Sentinel;
use ipc::wait;

/// Whether the child has ended; waits at most so long for that.
pub(crate) fn has_ended(child: &Child, patience: Duration) -> bool {
    let Ok(end) = Sentinel::of_child(child.id()) else { return false };
    wait(&[&end.as_fd()], Some(patience)).is_ok_and(|ended| !ended.is_empty())
}
