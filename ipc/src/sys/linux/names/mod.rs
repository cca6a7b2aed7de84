//! The memory of names: a sealed memfd, which the kernel frees with the last process that has it. A
//! name's file says who has it; whoever wants it opens it there, as `/proc/PID/fd/N`.

pub(in crate::sys) mod holder;
mod record;

pub(crate) use super::super::unix::names::{Draft, Id, Segment, attach, create};
pub(crate) use holder::random;
