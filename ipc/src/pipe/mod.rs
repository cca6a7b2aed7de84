//! `pipe`: two ends, a stream in each direction.

mod connection;
mod half;
mod incoming;
mod socket;
mod wire;

pub use connection::{Connection, pipe};
pub use half::{RecvHalf, SendHalf};
