//! The end of a socket that sends: messages become chunks, with their length before them.

use std::io;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use super::contract::{BYTES, CALLED_OFF, MORE, Sending, is_end};
use super::joint::Joint;
use crate::handle::Unique;
use crate::sleep::{Failed, Patience};
use crate::sys::descriptor::AsDescriptor;
use crate::sys::{fork, readiness, stream};

pub(super) const HEADER: usize = 5;
pub(super) const LARGEST_CHUNK: usize = 64 << 10;
/// Ends a message: whether it counts. It is the last to be sent, so that it can be told until then.
pub(super) const COUNTS: u8 = 0;
pub(super) const DROPPED: u8 = 1;
/// The largest message, in bytes.
pub(super) const LARGEST_MESSAGE: usize = 1 << 30;

/// The end that sends.
#[derive(Debug)]
pub(crate) struct SocketSend {
    pub(super) socket: Arc<Joint>,
    /// What is still to be sent of a chunk of which a part is on its way.
    pub(super) unsent: Vec<u8>,
    pub(super) carrier: Option<Unique>,
}

pub(super) fn header(flags: u32, len: usize) -> [u8; HEADER] {
    let [a, b, c, d] = (len as u32).to_le_bytes();
    [flags as u8, a, b, c, d]
}

impl Sending for SocketSend {
    fn send(
        &mut self,
        kind: u32,
        bytes: &[u8],
        patience: Patience,
    ) -> io::Result<Result<(), Failed>> {
        if let Err(failed) = self.flush(patience)? {
            return Ok(Err(failed));
        }
        let mut rest = bytes;
        loop {
            let first = rest.len() == bytes.len();
            // There may be room for the next chunk, and so on for as long as the other end receives.
            if !first && patience.is_over() {
                self.unsent.extend(header(CALLED_OFF, 0));
                return Ok(Err(Failed::Timeout));
            }
            let is_last = self.enqueue_chunk(kind, &mut rest);
            let whole = self.unsent.len();
            let flushed = self.flush(patience);
            if let Ok(Ok(())) = flushed {
                if is_last {
                    return flushed;
                }
                continue;
            }
            let nothing_is_sent = first && self.unsent.len() == whole;
            match self.unsent.last_mut() {
                _ if nothing_is_sent => self.unsent.clear(),
                Some(counts) if is_last => *counts = DROPPED,
                _ => self.unsent.extend(header(CALLED_OFF, 0)),
            }
            return flushed;
        }
    }

    fn prefers_parcel(&self, _: usize) -> bool {
        false
    }

    fn wait_for_room(&mut self, _: usize, patience: Patience) -> io::Result<Result<(), Failed>> {
        if let Err(failed) = self.flush(patience)? {
            return Ok(Err(failed));
        }
        loop {
            let timeout = match patience {
                Patience::None => Some(Duration::ZERO),
                Patience::Until(deadline) => deadline.remaining(),
            };
            if readiness::writable(self.socket.descriptor(), timeout)? {
                return Ok(Ok(()));
            }
            match patience {
                Patience::None => return Ok(Err(Failed::Full)),
                Patience::Until(deadline) if deadline.passed() => return Ok(Err(Failed::Timeout)),
                Patience::Until(_) => {}
            }
        }
    }

    fn largest_message(&self) -> usize {
        LARGEST_MESSAGE
    }

    fn carrier(&self) -> Option<&Unique> {
        self.carrier.as_ref()
    }
}

impl SocketSend {
    /// Puts one message of bytes behind what is still to be sent, whole, without sending it.
    pub(crate) fn enqueue(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !self.enqueue_chunk(BYTES, &mut rest) {}
    }

    /// Puts the next chunk there, and says whether it is the message's last.
    fn enqueue_chunk(&mut self, kind: u32, rest: &mut &[u8]) -> bool {
        let (chunk, after) = rest.split_at(rest.len().min(LARGEST_CHUNK));
        *rest = after;
        let is_last = after.is_empty();
        self.unsent.extend(header(if is_last { kind } else { kind | MORE }, chunk.len()));
        self.unsent.extend(chunk);
        self.unsent.extend(is_last.then_some(COUNTS));
        is_last
    }

    /// Sends what was left over.
    pub(crate) fn flush(&mut self, patience: Patience) -> io::Result<Result<(), Failed>> {
        let mut sent = 0;
        let flushed = loop {
            if sent == self.unsent.len() {
                break Ok(Ok(()));
            }
            match stream::send(&self.socket, &self.unsent[sent..]) {
                Ok(some) => sent += some,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => match patience {
                    Patience::None => break Ok(Err(Failed::Full)),
                    Patience::Until(deadline) if deadline.passed() => {
                        break Ok(Err(Failed::Timeout));
                    }
                    Patience::Until(deadline) => {
                        let left = deadline.remaining();
                        if let Err(error) = readiness::writable(self.socket.descriptor(), left) {
                            break Err(error);
                        }
                    }
                },
                Err(error) if is_end(&error) => break Ok(Err(Failed::Disconnected)),
                Err(error) => break Err(error),
            }
        };
        self.unsent.drain(..sent);
        flushed
    }
}

impl Drop for SocketSend {
    fn drop(&mut self) {
        // The child of a plain fork has copies of its parent's ends; they are not its to close.
        if !fork::forked() {
            stream::shutdown(&self.socket, Shutdown::Write);
        }
    }
}
