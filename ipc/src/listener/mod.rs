//! `Listener` and `Client`: connections between programs, over sockets.

mod accept;
mod address;
mod bound;
mod client;
mod knock;

pub use accept::Listener;
pub use address::Address;
pub use client::Client;
