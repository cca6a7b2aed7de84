//! Linux: /proc/self/exe, pidfds.

pub(crate) mod end;
pub(crate) mod forkserver;
pub(crate) mod limits;
pub(crate) mod runtime;
pub(crate) mod spawn;

pub(crate) use super::unix::{fork, interrupt, pipe, refusal, start};
pub(crate) use std::os::fd::{BorrowedFd as BorrowedDescriptor, OwnedFd as Descriptor};
