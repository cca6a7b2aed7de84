//! The ring of message slots that channels and queues are made of. `README.md` in this folder tells
//! the slot's states, who may repair them, and why no message is lost, torn or doubled.

mod mpmc;
mod repair;
mod slot;

pub(crate) use mpmc::{EVENT_COUNTS, Pop, Push, Ring};
pub(crate) use repair::repair;
pub(crate) use slot::{INLINE, Payload};
