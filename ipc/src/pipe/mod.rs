//! `pipe`: two ends, typed messages in each direction.

mod connection;
mod half;
mod recv_half;
mod send_half;

pub use connection::{Connection, pipe};
pub use recv_half::RecvHalf;
pub use send_half::SendHalf;
