//! The end of a process as a descriptor.

use std::os::fd::{AsFd, BorrowedFd};

use ipc::{Source, Waitable};

use crate::sentinel::Sentinel;

/// Readable once the process has ended.
impl AsFd for Sentinel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Waitable for Sentinel {
    fn source(&self) -> Source<'_> {
        Source::descriptor(self.as_fd())
    }
}
