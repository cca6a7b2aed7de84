//! What can go wrong between processes.

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A value could not be put into a message.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("cannot encode the value: {message}")]
pub struct EncodeError {
    message: String,
    in_use: bool,
}

impl EncodeError {
    /// An error with that text.
    pub fn new(cause: impl fmt::Display) -> EncodeError {
        EncodeError { message: cause.to_string(), in_use: false }
    }

    pub(crate) fn in_use(why: &str) -> EncodeError {
        EncodeError { message: why.to_owned(), in_use: true }
    }

    /// Whether the message has something in it that can have only one owner, as an
    /// [`Owned`](crate::Owned), and the sender has not parted with it. It can be sent by
    /// [`send_value_with`](crate::Sender::send_value_with), which takes the value.
    pub fn is_in_use(&self) -> bool {
        self.in_use
    }
}

/// A message could not be made into a value.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("cannot decode the message: {message}")]
pub struct DecodeError {
    message: String,
}

impl DecodeError {
    /// An error with that text.
    pub fn new(cause: impl fmt::Display) -> DecodeError {
        DecodeError { message: cause.to_string() }
    }

    pub(crate) fn trailing(bytes: usize) -> DecodeError {
        DecodeError::new(format_args!("{bytes} bytes are left over"))
    }
}

/// A message was not sent; the value comes back.
#[derive(Error)]
pub enum SendError<T> {
    /// Nobody can receive it any more, or the queue was closed.
    #[error("nobody can receive it any more")]
    Disconnected(T),
    /// There is no room now.
    #[error("there is no room")]
    Full(T),
    /// There was no room in time.
    #[error("there was no room in time")]
    Timeout(T),
    /// The encoded value is larger than a message can be.
    #[error("the message is larger than the {limit} bytes that one can have")]
    TooLarge {
        /// The value.
        value: T,
        /// The largest message there can be, in bytes.
        limit: usize,
    },
    /// The value's own serde code failed, or a handle in it cannot go where it was sent.
    #[error("{error}")]
    Encode {
        /// The value, unless parts of it were moved out already.
        value: Option<T>,
        /// What went wrong.
        #[source]
        error: EncodeError,
    },
    /// The system failed: most likely the program's memory is used up.
    #[error("the system failed: {error}")]
    Io {
        /// The value, unless parts of it were moved out already.
        value: Option<T>,
        /// What went wrong.
        #[source]
        error: io::Error,
    },
}

impl<T> SendError<T> {
    /// The value that was not sent.
    pub fn into_inner(self) -> Option<T> {
        match self {
            SendError::Disconnected(value)
            | SendError::Full(value)
            | SendError::Timeout(value)
            | SendError::TooLarge { value, .. } => Some(value),
            SendError::Encode { value, .. } | SendError::Io { value, .. } => value,
        }
    }
}

/// Says what happened without asking that the value can be printed.
impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::Disconnected(_) => f.write_str("Disconnected(..)"),
            SendError::Full(_) => f.write_str("Full(..)"),
            SendError::Timeout(_) => f.write_str("Timeout(..)"),
            SendError::TooLarge { limit, .. } => write!(f, "TooLarge {{ limit: {limit}, .. }}"),
            SendError::Encode { error, .. } => write!(f, "Encode {{ error: {error:?}, .. }}"),
            SendError::Io { error, .. } => write!(f, "Io {{ error: {error:?}, .. }}"),
        }
    }
}

/// [`Queue::task_done`](crate::Queue::task_done) was called more often than messages were got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("task_done was called more often than messages were got from the queue")]
pub struct TaskDoneTooOften;

/// No message was received.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecvError {
    /// No living process can send any more, and everything that was sent has been received.
    #[error("nobody can send any more")]
    Disconnected,
    /// There is no message now.
    #[error("there is no message")]
    Empty,
    /// No message came in time.
    #[error("no message came in time")]
    Timeout,
    /// Both ends of a pipe wait to receive, with nothing on the way: neither would ever wake.
    #[error("both ends of the pipe wait to receive")]
    Deadlock,
    /// A message came that is larger than the buffer it was to go into.
    #[error("the message of {} bytes is larger than the buffer", message.len())]
    BufferTooShort {
        /// The message.
        message: Vec<u8>,
    },
    /// A message came and is gone: its bytes are no such value, or the value's serde code failed.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The system failed.
    #[error("the system failed: {0}")]
    Io(#[from] io::Error),
}
