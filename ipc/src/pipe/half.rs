//! One direction of a pipe.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sync_prims::Deadline;

use super::incoming::RecvEnd;
use super::wire::{self, BYTES, PARCEL, SendEnd, VALUE};
use crate::error::{DecodeError, RecvError, SendError};
use crate::handle::{self, Hold};
use crate::heap::{Owner, Role};
use crate::message::{self, Encoded, TooLarge};
use crate::program::Program;
use crate::ring::Stream;
use crate::sleep::{Failed, Patience};
use crate::wait::{Source, Waitable};

/// The half of a [`Connection`](crate::Connection) that sends.
pub struct SendHalf<S> {
    pub(super) end: SendEnd,
    _value: PhantomData<fn(S)>,
}

/// The half of a [`Connection`](crate::Connection) that receives.
pub struct RecvHalf<R> {
    pub(super) end: RecvEnd,
    _value: PhantomData<fn() -> R>,
}

enum Tag {}

/// Tells the streams of one type of message from those of others.
pub(super) fn fingerprint<T: 'static>() -> u64 {
    handle::fingerprint::<Tag, T>((size_of::<T>(), align_of::<T>()))
}

pub(super) const FOR_EVER: Patience = Patience::Until(Deadline::never());

pub(super) fn within(timeout: Duration) -> Patience {
    Patience::Until(Deadline::after(timeout))
}

impl<S> SendHalf<S> {
    pub(super) fn new(hold: Hold) -> io::Result<SendHalf<S>> {
        Ok(SendHalf { end: SendEnd::new(hold)?, _value: PhantomData })
    }

    /// See [`Connection::send_bytes`](crate::Connection::send_bytes).
    ///
    /// # Errors
    /// As there.
    pub fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), SendError<()>> {
        self.send_raw(bytes, FOR_EVER)
    }

    /// See [`Connection::send_bytes_timeout`](crate::Connection::send_bytes_timeout).
    ///
    /// # Errors
    /// As there.
    pub fn send_bytes_timeout(
        &mut self,
        bytes: &[u8],
        timeout: Duration,
    ) -> Result<(), SendError<()>> {
        self.send_raw(bytes, within(timeout))
    }

    pub(super) fn send_raw(
        &mut self,
        bytes: &[u8],
        patience: Patience,
    ) -> Result<(), SendError<()>> {
        let sent = self.end.send(BYTES, bytes, patience);
        finish((), sent)
    }
}

impl<S: Serialize> SendHalf<S> {
    /// See [`Connection::send`](crate::Connection::send).
    ///
    /// # Errors
    /// As there.
    pub fn send(&mut self, value: S) -> Result<(), SendError<S>> {
        self.send_value(value, FOR_EVER)
    }

    /// See [`Connection::try_send`](crate::Connection::try_send).
    ///
    /// # Errors
    /// As there.
    pub fn try_send(&mut self, value: S) -> Result<(), SendError<S>> {
        self.send_value(value, Patience::None)
    }

    /// See [`Connection::send_timeout`](crate::Connection::send_timeout).
    ///
    /// # Errors
    /// As there.
    pub fn send_timeout(&mut self, value: S, timeout: Duration) -> Result<(), SendError<S>> {
        self.send_value(value, within(timeout))
    }

    pub(super) fn send_value(&mut self, value: S, patience: Patience) -> Result<(), SendError<S>> {
        let program = self.end.hold.program();
        let encoded = match Encoded::new(program, |encoder| encoder.put(&value)) {
            Ok(encoded) => encoded,
            Err(error) => return Err(SendError::Encode { value: Some(value), error }),
        };
        if encoded.is_plain() {
            let sent = self.end.send(VALUE, &encoded.bytes, patience);
            return finish(value, sent);
        }
        self.send_parcel(value, encoded, patience)
    }

    /// Sends a message with handles in it. There must be room for its name before the value is dropped:
    /// nobody else takes it, as there is one sender.
    fn send_parcel(
        &mut self,
        value: S,
        mut encoded: Encoded,
        patience: Patience,
    ) -> Result<(), SendError<S>> {
        let program = self.end.hold.program();
        match self.end.wait_for_room(size_of::<u64>(), patience) {
            Ok(Ok(())) => {}
            failed => return finish(value, failed),
        }
        if let Err(error) = encoded.take_from(value) {
            return Err(SendError::Encode { value: None, error });
        }
        let stream = self.end.hold.object();
        let sent = match encoded.into_parcel_in(stream) {
            Ok(parcel) => {
                let sent = self.end.send(PARCEL, &wire::name_of(parcel), FOR_EVER);
                // Looked at after it was sent: the receiver released what was there when it went.
                if self.end.hold.roles().1 == 0 {
                    let Program { heap, me, .. } = program;
                    heap.release(parcel, Owner::Object(stream), *me);
                }
                sent
            }
            Err(TooLarge::Message) => Err(io::ErrorKind::FileTooLarge.into()),
            Err(TooLarge::Heap(error)) => Err(error),
        };
        match sent {
            // Sent, or nobody is left to receive it.
            Ok(_) => Ok(()),
            Err(error) => Err(SendError::Io { value: None, error }),
        }
    }
}

fn finish<T>(value: T, sent: io::Result<Result<(), Failed>>) -> Result<(), SendError<T>> {
    match sent {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Failed::Disconnected)) => Err(SendError::Disconnected(value)),
        Ok(Err(Failed::Full)) => Err(SendError::Full(value)),
        Ok(Err(Failed::Timeout)) => Err(SendError::Timeout(value)),
        Err(error) => Err(SendError::Io { value: Some(value), error }),
    }
}

impl<R> RecvHalf<R> {
    pub(super) fn new(hold: Hold) -> io::Result<RecvHalf<R>> {
        Ok(RecvHalf { end: RecvEnd::new(hold)?, _value: PhantomData })
    }

    /// See [`Connection::poll`](crate::Connection::poll).
    ///
    /// # Errors
    /// As there.
    pub fn poll(&mut self, timeout: Duration) -> io::Result<bool> {
        self.end.poll(within(timeout))
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
        let kind = self.end.recv(other, patience)?;
        if kind != BYTES {
            // A parcel goes with its message.
            let message = self.end.with_message(std::mem::take);
            drop((kind == PARCEL).then(|| self.end.parcel(&message)));
            return Err(DecodeError::new("the message is a value, not bytes").into());
        }
        Ok(self.end.with_message(read))
    }
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
        let kind = self.end.recv(other, patience)?;
        let message = self.end.with_message(std::mem::take);
        let value = match kind {
            VALUE => message::decode_plain(&message, message::one)?,
            PARCEL => self.end.parcel(&message)?.decode()?,
            _ => return Err(DecodeError::new("the message is bytes, not a value").into()),
        };
        Ok(value)
    }
}

/// Ready when a message has come, or the other end is gone.
impl<R> Waitable for RecvHalf<R> {
    fn source(&self) -> Source<'_> {
        Source::watched(&self.end)
    }
}

impl<S> fmt::Debug for SendHalf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendHalf").finish_non_exhaustive()
    }
}

impl<R> fmt::Debug for RecvHalf<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvHalf").finish_non_exhaustive()
    }
}

impl<S: 'static> Serialize for SendHalf<S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        handle::serialize_unique(&self.end.hold, serializer)
    }
}

impl<R: 'static> Serialize for RecvHalf<R> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        if !self.end.is_between_messages() {
            return Err(serde::ser::Error::custom("a part of a message has been received already"));
        }
        handle::serialize_unique(&self.end.hold, serializer)
    }
}

impl<'de, S: 'static> Deserialize<'de> for SendHalf<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SendHalf<S>, D::Error> {
        let hold = handle::deserialize(fingerprint::<S>(), Role::Sender, deserializer)?;
        SendHalf::new(hold).map_err(serde::de::Error::custom)
    }
}

impl<'de, R: 'static> Deserialize<'de> for RecvHalf<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RecvHalf<R>, D::Error> {
        let hold = handle::deserialize(fingerprint::<R>(), Role::Receiver, deserializer)?;
        RecvHalf::new(hold).map_err(serde::de::Error::custom)
    }
}
