//! How the processes of one program share memory and talk.
//!
//! - [`Shared`]: one value that many processes use.
//! - [`channel`] and [`Queue`]: typed messages.
//! - Every handle is a value: it can be an argument or result of a process and travel inside a
//!   message.
//!
//! A *program* is all processes of one build that descend from one. When one of them dies, at any
//! instruction, nobody waits for it, what it alone held is freed, and no message is lost but the one
//! it had taken.

mod channel;
mod endpoint;
pub mod entry;
mod error;
mod handle;
mod heap;
mod message;
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
pub use program::usage;
pub use queue::Queue;
pub use shared::Shared;
