//! Waiting for several things at once. `README.md` in this folder tells who is woken by whom.

mod all;
mod bridge;
mod source;

pub(crate) use all::until;
pub use all::wait;
pub(crate) use bridge::Bridge;
pub(crate) use source::Watched;
pub use source::{Source, Waitable};
