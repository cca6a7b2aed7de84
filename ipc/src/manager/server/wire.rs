//! A connection of a client that is not of the program.

use std::net::Shutdown;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::SendError;
use crate::pipe::SendHalf;
use crate::sys::descriptor::AsDescriptor;
use crate::sys::epoll::Epoll;
use crate::sys::stream::shutdown;
use crate::transport::Joint;

/// Where the replies go. One request is read at a time, and the next when its reply is out: so a client
/// takes up the memory of one request and one reply (twice if that is lent), whatever it sends and does not
/// receive.
pub(super) struct Wire {
    pub(super) number: u64,
    socket: Arc<Joint>,
    events: Arc<Epoll>,
    half: Mutex<SendHalf<()>>,
}

impl Wire {
    pub(super) fn new(
        number: u64,
        socket: Arc<Joint>,
        events: Arc<Epoll>,
        half: SendHalf<()>,
    ) -> Wire {
        Wire { number, socket, events, half: Mutex::new(half) }
    }

    fn half(&self) -> MutexGuard<'_, SendHalf<()>> {
        self.half.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends that, as there is room.
    pub(super) fn send(&self, bytes: &[u8]) -> Result<(), SendError<()>> {
        let mut half = self.half();
        half.enqueue_bytes(bytes);
        self.go_on(&mut half)
    }

    /// There is room for more of what is to be sent.
    pub(super) fn flush(&self) -> Result<(), SendError<()>> {
        self.go_on(&mut self.half())
    }

    fn go_on(&self, half: &mut SendHalf<()>) -> Result<(), SendError<()>> {
        let done = half.flush()?;
        self.heed(done, !done)
    }

    /// Nothing more is read until a reply is out.
    pub(super) fn pause(&self) -> Result<(), SendError<()>> {
        self.heed(false, false)
    }

    /// Closes the connection, whoever still has a share in it.
    pub(super) fn hang_up(&self) {
        shutdown(&self.socket, Shutdown::Both);
    }

    fn heed(&self, read: bool, write: bool) -> Result<(), SendError<()>> {
        // One that has been taken out is gone.
        let heeded = self.events.heed_numbered(self.socket.descriptor(), self.number, read, write);
        heeded.map_err(|_| SendError::Disconnected(()))
    }
}
