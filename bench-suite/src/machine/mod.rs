//! What the figures were measured on.

mod facts;
mod sys;

pub(crate) use facts::Machine;
pub(crate) use sys::{processor_time, thread_time};
