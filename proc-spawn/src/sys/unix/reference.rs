//! One process, as the bodies have it: its descriptor is readable once it has ended.

use std::io;
use std::os::fd::AsFd;
use std::time::Instant;

use ipc::wait;

use crate::sys::end::Reference;
use crate::sys::fate::Fate;

impl Reference {
    /// Sleeps until the process has ended, or until the time has passed; says whether it has ended.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> io::Result<bool> {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        Ok(!wait(&[&self.as_fd()], left)?.is_empty())
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&self) -> io::Result<bool> {
        self.wait(Some(Instant::now()))
    }

    /// How the child ended, if it has. It is not reaped by this.
    pub(crate) fn look(&self) -> io::Result<Option<Fate>> {
        self.wait_id(libc::WNOWAIT)
    }

    /// The same, and its process id is free from then on.
    pub(crate) fn reap(&self) -> io::Result<Option<Fate>> {
        self.wait_id(0)
    }
}
