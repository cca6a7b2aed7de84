//! What Linux and macOS have in common. What it needs besides is in the folder of the system: `end` and `robust`.

pub(crate) mod crash;
pub(crate) mod group;
pub(crate) mod pthread;
#[cfg(test)]
mod publisher;
pub(crate) mod socket;
pub(crate) mod stdio;
