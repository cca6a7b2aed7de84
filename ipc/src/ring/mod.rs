//! The ring of message slots that channels and queues are made of. `README.md` in this folder tells
//! the slot's states, who may repair them, and why no message is lost, torn or doubled.

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod hostile_stream;
mod layout;
mod mpmc;
mod repair;
mod slot;
mod spsc;
mod tasks;

pub(crate) use layout::{Ring, SIGNALS};
pub(crate) use mpmc::{Peek, Pop, Push};
pub(crate) use repair::repair;
pub(crate) use slot::{INLINE, Payload};
pub(crate) use spsc::{Chunk, Flow, Stream};
pub(crate) use tasks::Task;
