//! Windows.

pub(crate) mod crash;
pub(crate) mod group;
pub(crate) mod memory;
mod object;
mod snapshot;
pub(crate) mod stdio;

pub(crate) use super::{no_futex as futex, no_pthread as pthread, no_socket as socket};
