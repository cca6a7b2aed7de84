//! The workspace that the commands work on.

mod cargo;
mod root;
mod targets;

pub(crate) use cargo::cargo;
pub(crate) use root::{root, shell};
pub(crate) use targets::{Target, targets};
