//! The ring of message slots that channels and queues are made of. `README.md` in this folder tells
//! the slot's states, who may repair them, and why no message is lost, torn or doubled.

mod bytes;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod hostile_stream;
mod layout;
mod mpmc;
mod primitive;
mod repair;
mod slot;
mod spsc;
mod stream;
mod tasks;
#[cfg(test)]
mod used_up;

pub(crate) use layout::{Ring, SIGNALS};
pub(crate) use mpmc::{Peek, Pop, Push};
pub(crate) use repair::repair;
pub(crate) use slot::{INLINE, Payload};
pub(crate) use spsc::{Chunk, Flow};
pub(crate) use stream::Stream;
pub(crate) use tasks::Task;
