//! Linux: posix_spawn of /proc/self/exe, pidfds.

mod constructor;
pub(crate) mod end;
pub(crate) mod fork;
pub(crate) mod forkserver;
pub(crate) mod interrupt;
pub(crate) mod limits;
pub(crate) mod pipe;
pub(crate) mod refusal;
pub(crate) mod runtime;
pub(crate) mod start;

pub(crate) use std::os::fd::{BorrowedFd as BorrowedDescriptor, OwnedFd as Descriptor};
