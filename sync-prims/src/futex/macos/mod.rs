//! macOS: `os_sync_wait_on_address`, and no robust list.

mod calls;
mod sleep;

pub(crate) use calls::{can_wait_either, now, on_fork, random, thread_id, wait_either};
pub(crate) use sleep::{wait, wake};
