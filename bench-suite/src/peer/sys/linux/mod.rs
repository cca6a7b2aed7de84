//! Linux.

pub(crate) mod crash;
pub(crate) mod futex;
pub(crate) mod group;
pub(crate) mod memory;
pub(crate) mod pthread;
pub(crate) mod socket;
pub(crate) mod streams;
