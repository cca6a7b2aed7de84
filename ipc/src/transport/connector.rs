//! The end of a pair that goes elsewhere.

use std::fmt;
use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sync_prims::Deadline;

use crate::listener::Client;
use crate::pipe::Connection;

/// Becomes the other end of its [`Acceptor`](super::Acceptor)'s connection, wherever it has gone.
#[must_use = "the acceptor waits for it"]
#[derive(Serialize, Deserialize)]
#[serde(bound(serialize = "S: 'static, R: 'static", deserialize = "S: 'static, R: 'static"))]
pub struct Connector<S, R> {
    ring: Connection<S, R>,
    by: By,
}

/// How the two come together.
#[derive(Serialize, Deserialize)]
pub(super) enum By {
    Ring,
    Socket {
        name: Vec<u8>,
        key: [u8; 32],
    },
    #[cfg(feature = "ipc-channel")]
    IpcChannel {
        name: String,
    },
}

impl<S, R> Connector<S, R> {
    pub(super) fn new(ring: Connection<S, R>, by: By) -> Connector<S, R> {
        Connector { ring, by }
    }

    /// Connects. Over a socket that waits for the acceptor.
    ///
    /// # Errors
    /// The acceptor is gone, or what the system says.
    pub fn connect(self) -> io::Result<Connection<S, R>> {
        self.connect_until(Deadline::never())
    }

    /// The same, waiting at most `timeout`; then the pair is given up.
    ///
    /// # Errors
    /// As [`connect`](Connector::connect), and [`TimedOut`](io::ErrorKind::TimedOut).
    pub fn connect_timeout(self, timeout: Duration) -> io::Result<Connection<S, R>> {
        self.connect_until(Deadline::after(timeout))
    }

    fn connect_until(self, deadline: Deadline) -> io::Result<Connection<S, R>> {
        let ring = self.ring;
        match self.by {
            By::Ring => Ok(ring),
            By::Socket { name, key } => {
                Ok(ring.move_over(Client::connect_unnamed(&name, &key, deadline)?))
            }
            #[cfg(feature = "ipc-channel")]
            By::IpcChannel { name } => super::ipc_channel::connect(name, ring),
        }
    }
}

impl<S, R> fmt::Debug for Connector<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}
