//! macOS: the file that the kernel knows of, kernel event queues. `README.md` in this folder says which of the system's
//! mechanisms stands for what.

pub(crate) mod end;
pub(crate) mod limits;
pub(crate) mod runtime;
pub(crate) mod spawn;

pub(crate) use super::no_forkserver as forkserver;
pub(crate) use super::unix::{fork, interrupt, pipe, refusal, start};
pub(crate) use std::os::fd::{BorrowedFd as BorrowedDescriptor, OwnedFd as Descriptor};
