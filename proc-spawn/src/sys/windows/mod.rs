//! Windows: CreateProcessW of the program's own file, handles of processes, job objects. `README.md` in this folder
//! says which of the system's mechanisms stands for what.

pub(crate) mod end;
pub(crate) mod fork;
pub(crate) mod interrupt;
mod job;
pub(crate) mod limits;
mod object;
pub(crate) mod pipe;
pub(crate) mod refusal;
pub(crate) mod runtime;
pub(crate) mod start;

pub(crate) use super::no_forkserver as forkserver;
pub(crate) use std::os::windows::io::{
    BorrowedHandle as BorrowedDescriptor, OwnedHandle as Descriptor,
};
