//! Where a listener is found.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where a [`Listener`](crate::Listener) is found.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Address {
    /// A socket in the file system, for programs on this machine. The path has up to 107 bytes.
    ///
    /// On Windows it is a named pipe, and the path may be longer. Nothing is in the file system: the pipe is called after the
    /// user and the path, goes with its listener, and only processes of the same user on this machine get there.
    Unix(PathBuf),
    /// A port, for programs on this machine or another. With port 0 a listener gets a free one.
    Tcp(SocketAddr),
}

impl Address {
    /// Everybody can reach a port: there it takes a key.
    pub(super) fn check_key(&self, key: &[u8]) -> io::Result<()> {
        match self {
            Address::Tcp(_) if key.is_empty() => {
                let why = "over TCP the key that both sides know must not be empty";
                Err(io::Error::new(io::ErrorKind::InvalidInput, why))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Unix(path) => path.display().fmt(f),
            Address::Tcp(address) => address.fmt(f),
        }
    }
}
