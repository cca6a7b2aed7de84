//! The half of a pipe that receives.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::half::{FOR_EVER, Way, fingerprint, stays, within};
use crate::error::{DecodeError, RecvError};
use crate::handle::{self, Hold, Unique};
use crate::heap::Role;
use crate::message::{self, KEPT, Parcel};
use crate::ring::Stream;
use crate::sleep::Patience;
#[cfg(feature = "ipc-channel")]
use crate::transport::RecvAside;
use crate::transport::{
    BYTES, Collected, Joint, PARCEL, Receiving, RingRecv, SocketRecv, VALUE, Wanted, parcel_named,
};
use crate::wait::{Source, Waitable};

/// The half of a [`Connection`](crate::Connection) that receives.
pub struct RecvHalf<R> {
    end: Way<RingRecv, SocketRecv>,
    _value: PhantomData<fn() -> R>,
}

impl<R> RecvHalf<R> {
    pub(super) fn over(socket: SocketRecv) -> RecvHalf<R> {
        RecvHalf { end: Way::Socket(socket), _value: PhantomData }
    }

    pub(super) fn new(hold: Hold) -> io::Result<RecvHalf<R>> {
        Ok(RecvHalf { end: Way::Ring(RingRecv::new(hold)?), _value: PhantomData })
    }

    #[cfg(feature = "ipc-channel")]
    pub(super) fn set_aside(&mut self, aside: Box<dyn RecvAside>) {
        if let Way::Ring(end) = &mut self.end {
            end.set_aside(aside);
        }
    }

    pub(super) fn into_ring(self) -> Option<RingRecv> {
        match self.end {
            Way::Ring(end) => Some(end),
            Way::Socket(_) => None,
        }
    }

    fn end(&self) -> &dyn Receiving {
        match &self.end {
            Way::Ring(end) => end,
            Way::Socket(end) => end,
        }
    }

    fn end_mut(&mut self) -> &mut dyn Receiving {
        match &mut self.end {
            Way::Ring(end) => end,
            Way::Socket(end) => end,
        }
    }

    /// The socket it goes over, if it does.
    pub(crate) fn socket(&self) -> Option<&Arc<Joint>> {
        match &self.end {
            Way::Ring(_) => None,
            Way::Socket(end) => Some(end.socket()),
        }
    }

    /// See [`Connection::poll`](crate::Connection::poll).
    pub fn poll(&mut self, timeout: Duration) -> bool {
        // What has failed fails again where it can be told, at the next receive.
        self.end_mut().poll(within(timeout)).unwrap_or(true)
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
        let end = self.end_mut();
        let kind = end.recv(other, patience, &mut None)?;
        bytes_of(end, kind, read)
    }

    pub(super) fn recv_raw_into(
        &mut self,
        other: Option<&Stream>,
        buffer: &mut [u8],
    ) -> Result<usize, RecvError> {
        let end = self.end_mut();
        let mut wanted = Some(Wanted::new(buffer));
        let kind = end.recv(other, FOR_EVER, &mut wanted)?;
        let filled = wanted.map_or(0, |wanted| wanted.filled());
        if filled > 0 { Ok(filled) } else { bytes_of(end, kind, |message| copy(message, buffer))? }
    }
}

/// Keeps a message's memory for the next one.
fn keep(end: &mut dyn Receiving, mut message: Vec<u8>) {
    if message.capacity() <= KEPT {
        message.clear();
        *end.message() = message;
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
    end: &mut dyn Receiving,
    kind: u32,
    read: impl FnOnce(&mut Vec<u8>) -> V,
) -> Result<V, RecvError> {
    let mut message = std::mem::take(end.message());
    if kind != BYTES {
        // A parcel goes with its message.
        drop((kind == PARCEL).then(|| parcel_named(&message, end.carrier())));
        return Err(not_bytes());
    }
    let value = read(&mut message);
    keep(end, message);
    Ok(value)
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
        let end = self.end_mut();
        let kind = end.recv(other, patience, &mut None)?;
        let message = std::mem::take(end.message());
        let value = match kind {
            VALUE => message::decode_plain(&message, message::one),
            PARCEL => parcel_named(&message, end.carrier()).and_then(Parcel::decode),
            _ => Err(DecodeError::new("the message is bytes, not a value")),
        };
        keep(end, message);
        Ok(value?)
    }
}

/// Ready when a message has come, or the other end is gone.
impl<R> Waitable for RecvHalf<R> {
    fn source(&self) -> Source<'_> {
        self.end().source()
    }
}

impl<R> fmt::Debug for RecvHalf<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvHalf").finish_non_exhaustive()
    }
}

impl<R: 'static> Serialize for RecvHalf<R> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        match &self.end {
            Way::Ring(end) if end.travels() => {
                (Moving(&end.hold), end.collected()).serialize(serializer)
            }
            _ => Err(stays()),
        }
    }
}

impl<'de, R: 'static> Deserialize<'de> for RecvHalf<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RecvHalf<R>, D::Error> {
        let (Moved(hold, _), collected) = <(Moved<R>, Collected)>::deserialize(deserializer)?;
        let end = RingRecv::with_collected(hold, collected).map_err(serde::de::Error::custom)?;
        Ok(RecvHalf { end: Way::Ring(end), _value: PhantomData })
    }
}

/// The hold of a half that moves into a message.
struct Moving<'h>(&'h Unique);

impl Serialize for Moving<'_> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        handle::serialize_unique(self.0, serializer)
    }
}

/// The same where it comes out.
struct Moved<R>(Hold, PhantomData<fn() -> R>);

impl<'de, R: 'static> Deserialize<'de> for Moved<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Moved<R>, D::Error> {
        handle::deserialize(fingerprint::<R>(), Role::Receiver, deserializer)
            .map(|hold| Moved(hold, PhantomData))
    }
}
