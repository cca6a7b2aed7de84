//! What can go wrong with a managed object.

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::error::{DecodeError, EncodeError};

/// A panic of a function that ran at the server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemotePanic {
    /// What the panic said; empty if its payload was not a text.
    pub message: String,
    /// Where it happened, as `src/lib.rs:10:5`, if the server's host could tell.
    pub location: Option<String>,
    /// The server's call stack, as text, if the host took it.
    pub backtrace: Option<String>,
}

impl fmt::Display for RemotePanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the function panicked at the server")?;
        if let Some(location) = &self.location {
            write!(f, " at {location}")?;
        }
        if self.message.is_empty() { Ok(()) } else { write!(f, ": {}", self.message) }
    }
}

/// Everything but the call stack, of which it says only whether there is one.
impl fmt::Debug for RemotePanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemotePanic")
            .field("message", &self.message)
            .field("location", &self.location)
            .field("has_backtrace", &self.backtrace.is_some())
            .finish()
    }
}

impl std::error::Error for RemotePanic {}

/// A call of a managed object did not give its result.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ManagerError {
    /// The server has ended, killed or not, or cannot be reached any more. What it held is gone.
    #[error("the manager's server is gone")]
    Gone,
    /// The function panicked. The object is still there, as the panic has left it.
    #[error(transparent)]
    Panicked(#[from] RemotePanic),
    /// An argument or the result could not be put into a message. If it was the result, the function has
    /// run.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// An argument or the result could not be made of a message. If it was the result, the function has
    /// run.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The proxy is of another type than the object.
    #[error("the object is of another type")]
    WrongType,
    /// There is no object of that name, or none any more.
    #[error("the manager's server has no such object")]
    NoSuchObject,
    /// A party of the barrier was gone, or did not wait long enough, or broke it.
    #[error("the barrier is broken")]
    BrokenBarrier,
    /// More permits were given back than a bounded semaphore has. Nothing was changed.
    #[error("the semaphore has not so many permits that could be given back")]
    OverRelease,
    /// The condition's lock is not held by this thread.
    #[error("the condition's lock is not held by this thread")]
    NotLocked,
    /// The server cannot find the function: it lies in a shared library, or the server is another build.
    #[error("the manager's server does not know the function: {0}")]
    Function(#[from] crate::entry::EntryError),
    /// The server is another build of the program.
    #[error(
        "the manager's server is another build of the program ({server}, this one is {client})"
    )]
    OtherBuild {
        /// The server's build.
        server: String,
        /// The build of this process.
        client: String,
    },
    /// The system failed.
    #[error("the system failed: {0}")]
    Io(#[from] io::Error),
}

/// A value was not put into a managed queue; it comes back.
#[derive(Error)]
#[non_exhaustive]
pub enum PutError<T> {
    /// The queue was closed.
    #[error("the queue is closed")]
    Closed(T),
    /// There is no room now.
    #[error("there is no room")]
    Full(T),
    /// There was no room in time.
    #[error("there was no room in time")]
    Timeout(T),
    /// The call failed. The value is gone; it may have been put in.
    #[error(transparent)]
    Manager(#[from] ManagerError),
}

impl<T> PutError<T> {
    /// The value that was not put in.
    pub fn into_inner(self) -> Option<T> {
        match self {
            PutError::Closed(value) | PutError::Full(value) | PutError::Timeout(value) => {
                Some(value)
            }
            PutError::Manager(_) => None,
        }
    }
}

/// Says what happened without asking that the value can be printed.
impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PutError::Closed(_) => f.write_str("Closed(..)"),
            PutError::Full(_) => f.write_str("Full(..)"),
            PutError::Timeout(_) => f.write_str("Timeout(..)"),
            PutError::Manager(error) => write!(f, "Manager({error:?})"),
        }
    }
}

/// No value came out of a managed queue.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TakeError {
    /// The queue was closed, and everything in it was taken.
    #[error("the queue is closed and empty")]
    Closed,
    /// There is nothing in it now.
    #[error("the queue is empty")]
    Empty,
    /// Nothing was put in in time.
    #[error("nothing was put into the queue in time")]
    Timeout,
    /// The call failed.
    #[error(transparent)]
    Manager(#[from] ManagerError),
}
