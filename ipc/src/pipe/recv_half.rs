//! The half of a pipe that receives.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::half::{FOR_EVER, Way, fingerprint, stays, within};
use super::incoming::RecvEnd;
use super::socket::SocketRecv;
use super::wire::{BYTES, PARCEL, VALUE};
use crate::error::{DecodeError, RecvError};
use crate::handle::{self, Hold};
use crate::heap::Role;
use crate::message;
use crate::ring::Stream;
use crate::sleep::Patience;
use crate::wait::{Source, Waitable};

/// The half of a [`Connection`](crate::Connection) that receives.
pub struct RecvHalf<R> {
    end: Way<RecvEnd, SocketRecv>,
    _value: PhantomData<fn() -> R>,
}

impl<R> RecvHalf<R> {
    pub(super) fn over(socket: SocketRecv) -> RecvHalf<R> {
        RecvHalf { end: Way::Socket(socket), _value: PhantomData }
    }

    pub(super) fn new(hold: Hold) -> io::Result<RecvHalf<R>> {
        Ok(RecvHalf { end: Way::Stream(RecvEnd::new(hold)?), _value: PhantomData })
    }

    /// See [`Connection::poll`](crate::Connection::poll).
    ///
    /// # Errors
    /// As there.
    pub fn poll(&mut self, timeout: Duration) -> io::Result<bool> {
        match &mut self.end {
            Way::Stream(end) => end.poll(within(timeout)),
            Way::Socket(end) => end.poll(within(timeout)),
        }
    }

    /// See [`Connection::recv_bytes`](crate::Connection::recv_bytes).
    ///
    /// # Errors
    /// As there.
    pub fn recv_bytes(&mut self) -> Result<Vec<u8>, RecvError> {
        self.recv_raw(None, FOR_EVER, std::mem::take)
    }

    /// See [`Connection::recv_bytes_timeout`](crate::Connection::recv_bytes_timeout).
    ///
    /// # Errors
    /// As there.
    pub fn recv_bytes_timeout(&mut self, timeout: Duration) -> Result<Vec<u8>, RecvError> {
        self.recv_raw(None, within(timeout), std::mem::take)
    }

    pub(super) fn recv_raw<V>(
        &mut self,
        other: Option<&Stream>,
        patience: Patience,
        read: impl FnOnce(&mut Vec<u8>) -> V,
    ) -> Result<V, RecvError> {
        let end = match &mut self.end {
            Way::Stream(end) => end,
            Way::Socket(end) => {
                let (kind, mut message) = end.recv(patience)?;
                return if kind == BYTES { Ok(read(&mut message)) } else { Err(not_bytes()) };
            }
        };
        let kind = end.recv(other, patience)?;
        bytes_of(end, kind, read)
    }

    pub(super) fn recv_raw_into(
        &mut self,
        other: Option<&Stream>,
        buffer: &mut [u8],
    ) -> Result<usize, RecvError> {
        if let Way::Stream(end) = &mut self.end {
            let (kind, filled) = end.recv_into(other, FOR_EVER, buffer)?;
            return if filled > 0 {
                Ok(filled)
            } else {
                bytes_of(end, kind, |message| copy(message, buffer))?
            };
        }
        self.recv_raw(other, FOR_EVER, |message| copy(message, buffer))?
    }
}

fn copy(message: &mut Vec<u8>, buffer: &mut [u8]) -> Result<usize, RecvError> {
    match buffer.get_mut(..message.len()) {
        Some(place) => {
            place.copy_from_slice(message);
            Ok(message.len())
        }
        None => Err(RecvError::BufferTooShort { message: std::mem::take(message) }),
    }
}

/// What `read` makes of a message that was collected, if it is bytes.
fn bytes_of<V>(
    end: &mut RecvEnd,
    kind: u32,
    read: impl FnOnce(&mut Vec<u8>) -> V,
) -> Result<V, RecvError> {
    if kind != BYTES {
        // A parcel goes with its message.
        let message = end.with_message(std::mem::take);
        drop((kind == PARCEL).then(|| end.parcel(&message)));
        return Err(not_bytes());
    }
    Ok(end.with_message(read))
}

fn not_bytes() -> RecvError {
    DecodeError::new("the message is a value, not bytes").into()
}

impl<R: DeserializeOwned> RecvHalf<R> {
    /// See [`Connection::recv`](crate::Connection::recv). A half never sees `Deadlock`.
    ///
    /// # Errors
    /// As there.
    pub fn recv(&mut self) -> Result<R, RecvError> {
        self.recv_value(None, FOR_EVER)
    }

    /// See [`Connection::try_recv`](crate::Connection::try_recv).
    ///
    /// # Errors
    /// As there.
    pub fn try_recv(&mut self) -> Result<R, RecvError> {
        self.recv_value(None, Patience::None)
    }

    /// See [`Connection::recv_timeout`](crate::Connection::recv_timeout).
    ///
    /// # Errors
    /// As there.
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<R, RecvError> {
        self.recv_value(None, within(timeout))
    }

    pub(super) fn recv_value(
        &mut self,
        other: Option<&Stream>,
        patience: Patience,
    ) -> Result<R, RecvError> {
        let (kind, message) = match &mut self.end {
            Way::Stream(end) => {
                let kind = end.recv(other, patience)?;
                (kind, end.with_message(std::mem::take))
            }
            Way::Socket(end) => end.recv(patience)?,
        };
        let value = match (kind, &self.end) {
            (VALUE, _) => message::decode_plain(&message, message::one)?,
            (PARCEL, Way::Stream(end)) => end.parcel(&message)?.decode()?,
            _ => return Err(DecodeError::new("the message is bytes, not a value").into()),
        };
        Ok(value)
    }
}

/// Ready when a message has come, or the other end is gone.
impl<R> Waitable for RecvHalf<R> {
    fn source(&self) -> Source<'_> {
        match &self.end {
            Way::Stream(end) => Source::watched(end),
            Way::Socket(end) => Source::descriptor(end.fd()),
        }
    }
}

impl<R> fmt::Debug for RecvHalf<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvHalf").finish_non_exhaustive()
    }
}

impl<R: 'static> Serialize for RecvHalf<R> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let Way::Stream(end) = &self.end else { return Err(stays()) };
        if !end.is_between_messages() {
            return Err(serde::ser::Error::custom("a part of a message has been received already"));
        }
        handle::serialize_unique(&end.hold, serializer)
    }
}

impl<'de, R: 'static> Deserialize<'de> for RecvHalf<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RecvHalf<R>, D::Error> {
        let hold = handle::deserialize(fingerprint::<R>(), Role::Receiver, deserializer)?;
        RecvHalf::new(hold).map_err(serde::de::Error::custom)
    }
}
