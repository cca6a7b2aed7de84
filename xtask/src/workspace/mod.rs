//! The workspace that the commands work on.

mod cargo;
pub(crate) mod iceoryx2;
mod portable;
mod root;
mod targets;

pub(crate) use cargo::cargo;
pub(crate) use portable::{
    ForeignCargo, LINTS_ON_WINDOWS, PORTABLE, all_build_here, how_to_get, parts_on,
    portable_packages,
};
pub(crate) use root::{root, shell};
pub(crate) use targets::{Target, targets};
