//! The memory of names: an object of the system's own that a name's file says the number of.

pub(in crate::sys) mod holder;

pub(crate) use super::super::unix::names::{Draft, Id, Segment, attach, create};
pub(crate) use holder::random;
