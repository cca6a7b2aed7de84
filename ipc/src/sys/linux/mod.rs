//! The Linux body.

mod datagram;
pub(crate) mod descriptor;
pub(crate) mod epoll;
pub(crate) mod fork;
mod forked;
pub(crate) mod image;
pub(crate) mod life;
pub(crate) mod line;
pub(crate) mod memory;
pub(crate) mod names;
mod namespace;
pub(crate) mod processor;
pub(crate) mod readiness;
mod socket_file;
pub(crate) mod stream;
pub(crate) mod streams;
