//! Windows: `WaitOnAddress` within a process, named events between processes, no robust list.

mod calls;
mod events;
mod memory;
mod sleep;

pub(crate) use calls::{now, on_fork, random, thread_id};
pub(crate) use memory::{forget_memory, name_memory};
pub(crate) use sleep::{can_wait_either, wait_either};
#[cfg(not(loom))]
pub(crate) use sleep::{wait, wake};
