#![doc = include_str!("README.md")]

mod acceptor;
mod choice;
mod connector;
mod contract;
mod deadlock;
#[cfg(feature = "ipc-channel")]
mod ipc_channel;
mod joint;
mod ring_recv;
mod ring_send;
mod socket;
mod socket_send;

pub use acceptor::Acceptor;
pub use choice::Transport;
pub use connector::Connector;
pub(crate) use contract::{
    BYTES, PARCEL, Receiving, Sending, VALUE, Wanted, name_of, parcel_named,
};
pub(crate) use joint::Joint;
#[cfg(feature = "ipc-channel")]
pub(crate) use ring_recv::RecvAside;
pub(crate) use ring_recv::{Collected, RingRecv};
#[cfg(feature = "ipc-channel")]
pub(crate) use ring_send::SendAside;
pub(crate) use ring_send::{RingSend, stream};
pub(crate) use socket::{SocketRecv, ends};
pub(crate) use socket_send::SocketSend;
