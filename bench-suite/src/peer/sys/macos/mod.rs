//! macOS.

pub(crate) mod end;
pub(crate) mod memory;
pub(crate) mod robust;

pub(crate) use super::no_futex as futex;
pub(crate) use super::unix::{crash, group, pthread, socket, stdio};
