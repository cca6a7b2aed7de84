//! `pipe`: two ends, a stream in each direction.

mod connection;
mod half;
mod incoming;
mod recv_half;
mod send_half;
mod socket;
mod wire;

pub use connection::{Connection, pipe};
pub use recv_half::RecvHalf;
pub use send_half::SendHalf;
