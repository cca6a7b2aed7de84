//! The socket that the two ends of a connection share.

use std::io;
use std::ops::Deref;

use crate::sys::stream::Socket;
use crate::sys::{fork, stream};

/// Closed when both ends are gone.
#[derive(Debug)]
pub(crate) struct Joint(Socket);

/// More than any system keeps of what came, in pieces that `discard` reads.
const PIECES: usize = 1024;

impl Joint {
    pub(super) fn new(socket: Socket) -> Joint {
        Joint(socket)
    }

    /// Takes out what has come. A TCP socket that is closed with something in it takes along what is still on its way
    /// to the other end.
    pub(super) fn discard(&self) {
        let mut piece = [0; 16 << 10];
        // The child of a plain fork has a copy: what came is not its to take.
        let mut pieces = if fork::forked() { 0..0 } else { 0..PIECES };
        let is_there = |_| match stream::recv(&self.0, &mut piece) {
            Ok(some) => some > 0,
            Err(error) => error.kind() == io::ErrorKind::Interrupted,
        };
        pieces.all(is_there);
    }
}

impl Deref for Joint {
    type Target = Socket;

    fn deref(&self) -> &Socket {
        &self.0
    }
}

impl Drop for Joint {
    fn drop(&mut self) {
        self.discard();
    }
}
