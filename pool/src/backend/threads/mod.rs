//! Workers that are threads. They take what they run from the schedule themselves; there is nobody
//! between them and it.
//!
//! Where items have a time limit there is one thread more, the [`warden`], which gives up a worker
//! whose item has run too long and puts another in its place.

mod backend;
mod clock;
mod job;
mod shared;
mod warden;
mod work;

pub(crate) use backend::Threads;
pub(crate) use job::ThreadJob;
