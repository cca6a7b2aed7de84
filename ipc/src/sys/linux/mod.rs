//! The Linux body.

mod datagram;
pub(crate) mod epoll;
pub(crate) mod image;
pub(crate) mod life;
pub(crate) mod line;
pub(crate) mod memory;
pub(crate) mod names;
mod namespace;
pub(crate) mod processor;
pub(crate) mod readiness;
pub(crate) mod socket;

pub(crate) use super::unix::{descriptor, fork, stream, streams};
