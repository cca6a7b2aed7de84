//! What differs between systems, as the tests see it.
//!
//! | name | contract |
//! |---|---|
//! | `not_in_wine` | a macro: a reason, and tests of what wine has not; they are ignored where wine may run them |
//! | `SOCKETS_ARE_TCP` | whether `Transport::Socket` is a port of the machine |
//! | `SLOW_START` | for how long nobody may get on while those who were killed are replaced |
#![allow(dead_code, unused_imports, unused_macros, reason = "no suite needs all of it")]

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::{SLOW_START, SOCKETS_ARE_TCP, not_in_wine};
#[cfg(windows)]
pub(crate) use windows::{SLOW_START, SOCKETS_ARE_TCP, not_in_wine};
