//! The tools one would use instead, one file each.

pub(crate) mod crossbeam;
pub(crate) mod iceoryx2;
pub(crate) mod memory;
pub(crate) mod parking_lot;
pub(crate) mod procspawn;
pub(crate) mod python;
pub(crate) mod rayon;
pub(crate) mod sequential;
pub(crate) mod servo;
pub(crate) mod standard;
pub(crate) mod streams;
pub(crate) mod sys;
pub(crate) mod threadpool;
