#![doc = include_str!("../README.md")]

mod channel;
mod endpoint;
pub mod entry;
mod error;
mod handle;
mod heap;
mod message;
mod owned;
mod place;
mod process;
mod program;
mod queue;
pub mod rendezvous;
mod ring;
mod shared;
mod sys;

/// Messages in the heap, before they are sent and after they are received.
pub mod parcel {
    pub use crate::message::{Decoder, Encoder, Parcel};
}

pub use channel::{Receiver, Sender, Untyped, channel};
pub use error::{DecodeError, EncodeError, RecvError, SendError};
pub use heap::{ProcessId, Usage};
pub use owned::Owned;
pub use place::Place;
pub use program::usage;
pub use queue::Queue;
pub use shared::{Array, Shared, Value};
