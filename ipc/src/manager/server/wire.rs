//! A connection of a client that is not of the program.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{EncodeError, SendError};
use crate::message::{Encoded, Encoder};
use crate::pipe::SendHalf;
use crate::program::Program;
use crate::sys::epoll::Epoll;

/// Where the replies go. One request is read at a time, and the next when its reply is out: so a client
/// takes up the memory of one request and one reply, whatever it sends and does not receive.
pub(super) struct Wire {
    pub(super) number: u64,
    socket: Arc<OwnedFd>,
    events: Arc<Epoll>,
    half: Mutex<SendHalf<()>>,
}

impl Wire {
    pub(super) fn new(
        number: u64,
        socket: Arc<OwnedFd>,
        events: Arc<Epoll>,
        half: SendHalf<()>,
    ) -> Wire {
        Wire { number, socket, events, half: Mutex::new(half) }
    }

    fn half(&self) -> MutexGuard<'_, SendHalf<()>> {
        self.half.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what `write` makes of `value`, as there is room.
    pub(super) fn send<T>(
        &self,
        value: T,
        write: impl FnOnce(&mut Encoder, &T) -> Result<(), EncodeError>,
    ) -> Result<(), SendError<T>> {
        let program = match Program::current() {
            Ok(program) => program,
            Err(error) => return Err(SendError::Io { value: Some(value), error }),
        };
        let encoded = match Encoded::new(program, |encoder| write(encoder, &value)) {
            Ok(encoded) if encoded.is_plain() => encoded,
            Ok(_) => {
                let error = EncodeError::new("a handle cannot leave its program over a socket");
                return Err(SendError::Encode { value: Some(value), error });
            }
            Err(error) => return Err(SendError::Encode { value: Some(value), error }),
        };
        let mut half = self.half();
        half.enqueue_bytes(&encoded.bytes);
        self.go_on(&mut half).map_err(|_| SendError::Disconnected(value))
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

    fn heed(&self, read: bool, write: bool) -> Result<(), SendError<()>> {
        // One that has been taken out is gone.
        let heeded = self.events.heed_numbered(self.socket.as_fd(), self.number, read, write);
        heeded.map_err(|_| SendError::Disconnected(()))
    }
}
