//! The records of children, handed to the logger of the process that has one.
//!
//! ```text
//! child ─── log! ──► forwarder ───┐
//! child of the child ─► forwarder ┴─► channel ─► collector, a thread ─► logger
//! ```
//!
//! The process that has a logger of its own when it starts a child, mostly the program's first, collects
//! for all its descendants. Without the feature `log` nothing of this is there.

#[cfg(not(feature = "log"))]
mod absent;
#[cfg(feature = "log")]
mod collector;
#[cfg(feature = "log")]
mod forwarder;
#[cfg(feature = "log")]
mod record;

#[cfg(not(feature = "log"))]
pub(crate) use absent::{Line, drain, forward, hold, line};
#[cfg(feature = "log")]
pub(crate) use collector::{drain, hold, line};
#[cfg(feature = "log")]
pub(crate) use forwarder::{Line, forward};
