//! Windows.

pub(crate) mod signals;
