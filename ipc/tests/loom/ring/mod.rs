//! The crate's algorithms, on a ground of loom's.
#![allow(dead_code, reason = "the models do not use all that the crate does")]

mod bytes;
mod layout;
#[path = "../../../src/ring/mpmc.rs"]
mod mpmc;
mod primitive;
#[path = "../../../src/ring/repair.rs"]
mod repair;
#[path = "../../../src/ring/slot.rs"]
mod slot;
#[path = "../../../src/ring/spsc.rs"]
mod spsc;
mod stream;

pub(crate) use layout::{Place, Ring};
pub(crate) use mpmc::{Pop, Push};
pub(crate) use repair::repair;
pub(crate) use slot::{INLINE, Payload};
pub(crate) use stream::{Stream, stream};
