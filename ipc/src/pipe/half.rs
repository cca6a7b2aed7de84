//! One direction of a pipe.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::os::fd::OwnedFd;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sync_prims::Deadline;

use super::incoming::RecvEnd;
use super::socket::{self, LARGEST_MESSAGE, SocketRecv, SocketSend};
use super::wire::{self, BYTES, PARCEL, SendEnd, VALUE};
use crate::error::{DecodeError, EncodeError, RecvError, SendError};
use crate::handle::{self, Hold};
use crate::heap::{Owner, Role};
use crate::message::{self, Encoded, TooLarge};
use crate::program::Program;
use crate::ring::Stream;
use crate::sleep::{Failed, Patience};
use crate::wait::{Source, Waitable};

/// The half of a [`Connection`](crate::Connection) that sends.
pub struct SendHalf<S> {
    end: Way<SendEnd, SocketSend>,
    _value: PhantomData<fn(S)>,
}

/// The half of a [`Connection`](crate::Connection) that receives.
pub struct RecvHalf<R> {
    end: Way<RecvEnd, SocketRecv>,
    _value: PhantomData<fn() -> R>,
}

/// What a half is an end of.
enum Way<Stream, Socket> {
    /// A stream in the program's shared memory.
    Stream(Stream),
    /// A socket, to whatever program.
    Socket(Socket),
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
        Ok(SendHalf { end: Way::Stream(SendEnd::new(hold)?), _value: PhantomData })
    }

    /// The stream, unless it is a socket.
    pub(super) fn stream(&self) -> Option<&Stream> {
        match &self.end {
            Way::Stream(end) => Some(&end.stream),
            Way::Socket(_) => None,
        }
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
        let sent = match &mut self.end {
            Way::Stream(end) => end.send(BYTES, bytes, patience),
            Way::Socket(_) if bytes.len() > LARGEST_MESSAGE => {
                return Err(SendError::TooLarge { value: (), limit: LARGEST_MESSAGE });
            }
            Way::Socket(end) => end.send(BYTES, bytes, patience),
        };
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
        let program = match &self.end {
            Way::Stream(end) => end.hold.program(),
            Way::Socket(_) => match Program::current() {
                Ok(program) => program,
                Err(error) => return Err(SendError::Io { value: Some(value), error }),
            },
        };
        let encoded = match Encoded::new(program, |encoder| encoder.put(&value)) {
            Ok(encoded) => encoded,
            Err(error) => return Err(SendError::Encode { value: Some(value), error }),
        };
        match &mut self.end {
            Way::Stream(end) if encoded.is_plain() => {
                let sent = end.send(VALUE, &encoded.bytes, patience);
                finish(value, sent)
            }
            Way::Stream(end) => send_parcel(end, value, encoded, patience),
            Way::Socket(_) if !encoded.is_plain() => {
                let error = EncodeError::new("a handle cannot leave its program over a socket");
                Err(SendError::Encode { value: Some(value), error })
            }
            Way::Socket(_) if encoded.bytes.len() > LARGEST_MESSAGE => {
                Err(SendError::TooLarge { value, limit: LARGEST_MESSAGE })
            }
            Way::Socket(end) => {
                let sent = end.send(VALUE, &encoded.bytes, patience);
                finish(value, sent)
            }
        }
    }
}

/// Sends a message with handles in it. There must be room for its name before the value is dropped:
/// nobody else takes it, as there is one sender.
fn send_parcel<S>(
    end: &mut SendEnd,
    value: S,
    mut encoded: Encoded,
    patience: Patience,
) -> Result<(), SendError<S>> {
    let program = end.hold.program();
    match end.wait_for_room(size_of::<u64>(), patience) {
        Ok(Ok(())) => {}
        failed => return finish(value, failed),
    }
    if let Err(error) = encoded.take_from(value) {
        return Err(SendError::Encode { value: None, error });
    }
    let stream = end.hold.object();
    let sent = match encoded.into_parcel_in(stream) {
        Ok(parcel) => {
            let sent = end.send(PARCEL, &wire::name_of(parcel), FOR_EVER);
            // Looked at after it was sent: the receiver released what was there when it went.
            if end.hold.roles().1 == 0 {
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

/// Both halves of a connection over a connected stream socket.
pub(super) fn over<S, R>(socket: OwnedFd) -> (SendHalf<S>, RecvHalf<R>) {
    let (send, recv) = socket::ends(socket);
    let send = SendHalf { end: Way::Socket(send), _value: PhantomData };
    (send, RecvHalf { end: Way::Socket(recv), _value: PhantomData })
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
        let not_bytes = || DecodeError::new("the message is a value, not bytes").into();
        let end = match &mut self.end {
            Way::Stream(end) => end,
            Way::Socket(end) => {
                let (kind, mut message) = end.recv(patience)?;
                return if kind == BYTES { Ok(read(&mut message)) } else { Err(not_bytes()) };
            }
        };
        let kind = end.recv(other, patience)?;
        if kind != BYTES {
            // A parcel goes with its message.
            let message = end.with_message(std::mem::take);
            drop((kind == PARCEL).then(|| end.parcel(&message)));
            return Err(not_bytes());
        }
        Ok(end.with_message(read))
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
        match &self.end {
            Way::Stream(end) => handle::serialize_unique(&end.hold, serializer),
            Way::Socket(_) => Err(stays()),
        }
    }
}

/// Why an end of a socket is not encoded.
fn stays<E: serde::ser::Error>() -> E {
    let why = "a connection over a socket stays with the process that made it";
    E::custom(message::refuse(why.to_owned()))
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
