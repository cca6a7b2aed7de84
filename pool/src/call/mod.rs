//! Calls: what was submitted, in which order it is run, what came of it, and who is told.

mod batch;
mod chunk;
mod end;
mod job;
mod quiet;
mod schedule;
mod slots;
mod ticket;

pub(crate) use batch::{Batch, Mode};
pub(crate) use chunk::{CallId, Chunk, default_size};
pub(crate) use end::End;
pub(crate) use job::{Job, Results};
pub(crate) use quiet::{Quiet, call_quietly, drop_quietly};
pub(crate) use schedule::Schedule;
pub(crate) use slots::Slots;
pub(crate) use ticket::{Ticket, end_all};
