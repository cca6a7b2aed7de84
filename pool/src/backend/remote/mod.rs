//! Workers that are elsewhere: a carrier brings them loads and brings their answers back.
//!
//! No thread is needed for that. Whoever submits, or brings an answer, also sends out what there is room for.

mod dispatcher;
mod far;
mod job;
mod wire;

pub(crate) use dispatcher::{Home, Remote};
pub(crate) use far::{refuse, run};
pub(crate) use job::{RemoteJob, for_elsewhere};
