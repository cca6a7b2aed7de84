//! What the members of a cluster say to each other.

use std::time::Duration;

use bytes::Bytes;
use ipc::parcel::{Decoder, Encoder};
use pool::TaskKey;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

/// A task, or what it came to: bytes that its pool understands.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Content {
    Here(ByteBuf),
    /// Under this name in the object store.
    Stored(String),
}

/// A task on its way to an agent.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TaskMessage {
    pub(crate) key: TaskKey,
    pub(crate) content: Content,
}

/// What was under this name in the object store is not there.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Missing(pub(crate) String);

/// What a task came to, on its way to its submitter.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) key: TaskKey,
    /// An error if it could not be begun.
    pub(crate) content: Result<Content, Missing>,
    /// Where the submitter acknowledges the task once it has this: until then the server keeps it.
    pub(crate) acks: Vec<String>,
    /// Who has done it.
    pub(crate) agent: String,
}

/// What is said to all members of a build.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Notice {
    /// An agent is there, with so many workers; with none it is about to leave. Without a word of it a task is its own
    /// for the time of the lease.
    Agent { agent: String, workers: usize, lease: Duration },
    /// A submitter is there, or there again.
    Submitter { submitter: String },
    /// Every agent is to say that it is there.
    RollCall,
    /// Nobody waits for this task any more.
    Recall { key: TaskKey },
}

/// Bytes of a message. There are no values of the user's in it.
pub(crate) fn encode(message: &impl Serialize) -> Bytes {
    let bytes = Encoder::plain(|encoder| encoder.put(message));
    bytes.expect("a message is texts, numbers and bytes, which can always be written").into()
}

/// The message, if the bytes are one.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    Decoder::of_plain(bytes, |decoder| decoder.take()).ok()
}
