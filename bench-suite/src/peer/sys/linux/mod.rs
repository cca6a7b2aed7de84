//! Linux.

pub(crate) mod end;
pub(crate) mod futex;
pub(crate) mod memory;
pub(crate) mod robust;

pub(crate) use super::unix::{crash, group, pthread, socket, stdio};
