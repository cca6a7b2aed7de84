//! The Linux body.

pub(crate) mod epoll;
pub(crate) mod fork;
pub(crate) mod handover;
pub(crate) mod image;
pub(crate) mod life;
pub(crate) mod memory;
pub(crate) mod names;
pub(crate) mod namespace;
pub(crate) mod processor;
pub(crate) mod readiness;
pub(crate) mod socket;
pub(crate) mod stream;
pub(crate) mod streams;
