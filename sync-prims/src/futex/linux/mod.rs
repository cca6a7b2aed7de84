//! Linux: `futex(2)`, and the robust list.

mod calls;
#[cfg(not(unmarked))]
pub(crate) mod robust;
#[cfg(not(loom))]
mod sleep;

pub(crate) use calls::{can_wait_either, now, on_fork, random, thread_id, wait_either};
#[cfg(not(loom))]
pub(crate) use sleep::{wait, wake};
