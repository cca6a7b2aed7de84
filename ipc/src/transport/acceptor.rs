//! The end of a pair that stays.

use std::fmt;
use std::io;
use std::time::Duration;

use sync_prims::Deadline;

use crate::listener::Listener;
use crate::pipe::Connection;
use crate::wait::wait;

/// Waits for the [`Connector`](super::Connector) of its pair.
#[must_use = "the connector waits until it is accepted"]
pub struct Acceptor<S, R> {
    /// Becomes the connection, or carries its handles.
    ring: Connection<S, R>,
    by: By,
}

/// How the two come together.
pub(super) enum By {
    Ring,
    Socket(Box<Listener>),
    #[cfg(feature = "ipc-channel")]
    IpcChannel(super::ipc_channel::Server),
}

impl<S, R> Acceptor<S, R> {
    pub(super) fn new(ring: Connection<S, R>, by: By) -> Acceptor<S, R> {
        Acceptor { ring, by }
    }

    /// Waits until the other side has connected. A ring needs no waiting.
    ///
    /// # Errors
    /// [`ConnectionAborted`](io::ErrorKind::ConnectionAborted) if the connector is gone; else what the
    /// system says.
    pub fn accept(self) -> io::Result<Connection<S, R>> {
        self.accept_until(Deadline::never())
    }

    /// The same, waiting at most `timeout`; then the pair is given up.
    ///
    /// # Errors
    /// As [`accept`](Acceptor::accept), and [`TimedOut`](io::ErrorKind::TimedOut).
    pub fn accept_timeout(self, timeout: Duration) -> io::Result<Connection<S, R>> {
        self.accept_until(Deadline::after(timeout))
    }

    fn accept_until(self, deadline: Deadline) -> io::Result<Connection<S, R>> {
        let ring = self.ring;
        match self.by {
            By::Ring => Ok(ring),
            By::Socket(listener) => over_socket(&listener, ring, deadline),
            #[cfg(feature = "ipc-channel")]
            By::IpcChannel(server) => super::ipc_channel::accept(server, ring, deadline),
        }
    }
}

fn over_socket<S, R>(
    listener: &Listener,
    mut ring: Connection<S, R>,
    deadline: Deadline,
) -> io::Result<Connection<S, R>> {
    loop {
        match listener.accept_until(Deadline::after(Duration::ZERO)) {
            Ok(socket) => return Ok(ring.move_over(socket)),
            // Nobody yet, or a stranger.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::TimedOut | io::ErrorKind::PermissionDenied
                ) => {}
            Err(error) => return Err(error),
        }
        // Nothing comes through the ring but the news that the other side is gone.
        if ring.poll(Duration::ZERO) {
            return Err(gone());
        }
        if deadline.passed() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        wait(&[listener, &ring], deadline.remaining())?;
    }
}

pub(super) fn gone() -> io::Error {
    let why = "whoever had the other end is gone and never connected";
    io::Error::new(io::ErrorKind::ConnectionAborted, why)
}

impl<S, R> fmt::Debug for Acceptor<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor").finish_non_exhaustive()
    }
}
