//! The macOS body.

pub(crate) mod epoll;
pub(crate) mod image;
pub(crate) mod life;
pub(crate) mod line;
mod lives;
pub(crate) mod memory;
pub(crate) mod names;
pub(crate) mod processor;
mod queue;
pub(crate) mod readiness;
pub(crate) mod socket;

pub(crate) use super::unix::{descriptor, fork, stream, streams};
