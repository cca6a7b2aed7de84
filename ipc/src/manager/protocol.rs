//! What client and server say to each other.
//!
//! A client has any number of *lines*, each for one call at a time: a request goes out, its reply comes back.
//! Within the program the requests of all clients go into one channel, the inbox, and each line has a
//! channel for its replies. From elsewhere a line is a connection.

use serde::{Deserialize, Serialize};

use super::error::{ManagerError, RemotePanic};
use crate::entry::{EntryError, EntryName};
use crate::error::{DecodeError, EncodeError};

/// Begins every message in the inbox.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Envelope {
    /// A new client. Its pulse and its first line's channel for replies follow.
    Open { pid: u32 },
    /// Another line of a client, whose channel for replies follows.
    Line { link: u64 },
    /// A request follows.
    Request { line: u64 },
    /// From the server to itself: somebody is to do what lies ready.
    Errand,
    /// From the server to itself: a client is gone. What it had sent before is before this.
    LinkGone { link: u64 },
    /// From the server to itself: nobody can reach the object any more.
    Unreachable { object: u64 },
    /// From the server to itself: the time of a call is up.
    TimeUp { object: u64, call: u64 },
}

/// What a client asks for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum Request {
    /// Call the function, whose arguments follow.
    Call { object: u64, thread: u64, function: EntryName },
    /// Create an object. The constructor's arguments follow.
    Create { constructor: EntryName },
    /// Publish the object under a name, which follows.
    Publish { object: u64 },
    /// Find the object of that type whose name follows.
    Find { kind: u64 },
    /// Listen for clients at an address with a key, which follow.
    Serve,
    /// A client that is not of the program has dropped its last proxy of an object. There is no reply.
    Release { object: u64 },
    /// A client that is not of the program has what it was [lent](Status::Lent). There is no reply.
    Received,
}

/// What a client says first over a connection: of which build it is, and of which link if it has one.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Greeting {
    pub(super) build: String,
    pub(super) pid: u32,
    pub(super) link: Option<u64>,
}

/// What a new client or line is told.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Welcome {
    pub(super) link: u64,
    pub(super) line: u64,
    pub(super) pid: u32,
}

/// Begins every reply.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Status {
    /// The result follows.
    Done,
    /// So it does, and goes back to the object if the client does not live to receive it.
    Lent,
    Refused(Refusal),
}

/// Why a call has no result.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Refusal {
    Panicked(RemotePanic),
    Arguments(DecodeError),
    Result(EncodeError),
    Function(EntryError),
    WrongType,
    NoSuchObject,
    /// One of the client's connections has broken, and its objects have heard of its death.
    TakenForGone,
    OtherBuild {
        server: String,
    },
    /// The kind of the error, as far as a client can act on it, and what it said.
    Io(Kind, String),
}

/// What kinds of system errors are told apart.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum Kind {
    AddrInUse,
    AddrNotAvailable,
    InvalidInput,
    PermissionDenied,
    Other,
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Refusal {
        use std::io::ErrorKind;
        let kind = match error.kind() {
            ErrorKind::AddrInUse => Kind::AddrInUse,
            ErrorKind::AddrNotAvailable => Kind::AddrNotAvailable,
            ErrorKind::InvalidInput => Kind::InvalidInput,
            ErrorKind::PermissionDenied => Kind::PermissionDenied,
            _ => Kind::Other,
        };
        Refusal::Io(kind, error.to_string())
    }
}

impl From<Refusal> for ManagerError {
    fn from(refusal: Refusal) -> ManagerError {
        use std::io::{Error, ErrorKind};
        match refusal {
            Refusal::Panicked(panic) => ManagerError::Panicked(panic),
            Refusal::Arguments(error) => ManagerError::Decode(error),
            Refusal::Result(error) => ManagerError::Encode(error),
            Refusal::Function(error) => ManagerError::Function(error),
            Refusal::WrongType => ManagerError::WrongType,
            Refusal::NoSuchObject => ManagerError::NoSuchObject,
            Refusal::TakenForGone => ManagerError::Gone,
            Refusal::OtherBuild { server } => ManagerError::OtherBuild {
                server,
                client: crate::sys::image::main().build_id.clone(),
            },
            Refusal::Io(kind, said) => {
                let kind = match kind {
                    Kind::AddrInUse => ErrorKind::AddrInUse,
                    Kind::AddrNotAvailable => ErrorKind::AddrNotAvailable,
                    Kind::InvalidInput => ErrorKind::InvalidInput,
                    Kind::PermissionDenied => ErrorKind::PermissionDenied,
                    Kind::Other => ErrorKind::Other,
                };
                ManagerError::Io(Error::new(kind, said))
            }
        }
    }
}
