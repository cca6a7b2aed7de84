//! The half of a pipe that sends.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::half::{FOR_EVER, Way, fingerprint, stays, within};
use crate::error::{EncodeError, SendError};
use crate::handle::{self, Hold};
use crate::heap::{Owner, Role};
use crate::message::{self, Encoded, TooLarge};
use crate::program::Program;
use crate::ring::Stream;
use crate::sleep::{Failed, Patience};
#[cfg(feature = "ipc-channel")]
use crate::transport::SendAside;
use crate::transport::{BYTES, PARCEL, RingSend, Sending, SocketSend, VALUE, name_of};

/// The half of a [`Connection`](crate::Connection) that sends.
pub struct SendHalf<S> {
    end: Way<RingSend, SocketSend>,
    _value: PhantomData<fn(S)>,
}

impl<S> SendHalf<S> {
    pub(super) fn over(socket: SocketSend) -> SendHalf<S> {
        SendHalf { end: Way::Socket(socket), _value: PhantomData }
    }

    pub(super) fn new(hold: Hold) -> io::Result<SendHalf<S>> {
        Ok(SendHalf { end: Way::Ring(RingSend::new(hold)?), _value: PhantomData })
    }

    #[cfg(feature = "ipc-channel")]
    pub(super) fn set_aside(&mut self, aside: Box<dyn SendAside>) {
        if let Way::Ring(end) = &mut self.end {
            end.set_aside(aside);
        }
    }

    pub(super) fn into_ring(self) -> Option<RingSend> {
        match self.end {
            Way::Ring(end) => Some(end),
            Way::Socket(_) => None,
        }
    }

    /// The stream, unless it is a socket.
    pub(super) fn stream(&self) -> Option<&Stream> {
        match &self.end {
            Way::Ring(end) => Some(&end.stream),
            Way::Socket(_) => None,
        }
    }

    /// Takes bytes to be sent over a socket as there is room, by [`flush`](SendHalf::flush).
    pub(crate) fn enqueue_bytes(&mut self, bytes: &[u8]) {
        if let Way::Socket(end) = &mut self.end {
            end.enqueue(bytes);
        }
    }

    /// Sends what there is room for now; whether that is all.
    pub(crate) fn flush(&mut self) -> Result<bool, SendError<()>> {
        let Way::Socket(end) = &mut self.end else { return Ok(true) };
        match finish((), end.flush(Patience::None)) {
            Ok(()) => Ok(true),
            Err(SendError::Full(())) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn end(&mut self) -> &mut dyn Sending {
        match &mut self.end {
            Way::Ring(end) => end,
            Way::Socket(end) => end,
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
        let end = self.end();
        let limit = end.largest_message();
        if bytes.len() > limit {
            return Err(SendError::TooLarge { value: (), limit });
        }
        let sent = end.send(BYTES, bytes, patience);
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
        let end = self.end();
        let program = match end.carrier().map_or_else(Program::current, |it| Ok(it.program())) {
            Ok(program) => program,
            Err(error) => return Err(SendError::Io { value: Some(value), error }),
        };
        let mut encoded = match Encoded::new(program, |encoder| encoder.put(&value)) {
            Ok(encoded) => encoded,
            Err(error) => return Err(SendError::Encode { value: Some(value), error }),
        };
        let is_plain = encoded.is_plain();
        let bytes = match encoded.bytes() {
            Ok(bytes) => bytes,
            Err(TooLarge::Message) => {
                return Err(SendError::TooLarge { value, limit: message::LARGEST });
            }
            Err(TooLarge::Heap(error)) => return Err(SendError::Io { value: Some(value), error }),
        };
        let (len, limit) = (bytes.len(), end.largest_message());
        if !is_plain || end.prefers_parcel(len) {
            send_parcel(end, value, (encoded, len), patience)
        } else if len > limit {
            Err(SendError::TooLarge { value, limit })
        } else {
            let sent = end.send(VALUE, bytes, patience);
            finish(value, sent)
        }
    }
}

/// Sends a message, of so many bytes, as a parcel. There must be room for its name before the value is dropped:
/// nobody else takes it, as there is one sender.
fn send_parcel<S>(
    end: &mut dyn Sending,
    value: S,
    (mut encoded, len): (Encoded, usize),
    patience: Patience,
) -> Result<(), SendError<S>> {
    let Some(carrier) = end.carrier() else {
        let error = EncodeError::new("a handle cannot leave its program over a socket");
        return Err(SendError::Encode { value: Some(value), error });
    };
    let (Program { heap, me, .. }, object) = (carrier.program(), carrier.object());
    match end.wait_for_room(len, patience) {
        Ok(Ok(())) => {}
        failed => return finish(value, failed),
    }
    if let Err(error) = encoded.take_from(value) {
        return Err(SendError::Encode { value: None, error });
    }
    let sent = match encoded.into_parcel_in(object) {
        Ok(parcel) => {
            let sent = end.send(PARCEL, &name_of(parcel), FOR_EVER);
            // Looked at after it was sent: the receiver released what was there when it went.
            if !matches!(sent, Ok(Ok(()))) || heap.roles(object).1 == 0 {
                heap.release(parcel, Owner::Object(object), *me);
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

fn finish<T>(value: T, sent: io::Result<Result<(), Failed>>) -> Result<(), SendError<T>> {
    match sent {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Failed::Disconnected)) => Err(SendError::Disconnected(value)),
        Ok(Err(Failed::Full)) => Err(SendError::Full(value)),
        Ok(Err(Failed::Timeout)) => Err(SendError::Timeout(value)),
        Err(error) => Err(SendError::Io { value: Some(value), error }),
    }
}

impl<S> fmt::Debug for SendHalf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendHalf").finish_non_exhaustive()
    }
}

impl<S: 'static> Serialize for SendHalf<S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        match &self.end {
            Way::Ring(end) if end.travels() => handle::serialize_unique(&end.hold, serializer),
            _ => Err(stays()),
        }
    }
}

impl<'de, S: 'static> Deserialize<'de> for SendHalf<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SendHalf<S>, D::Error> {
        let hold = handle::deserialize(fingerprint::<S>(), Role::Sender, deserializer)?;
        SendHalf::new(hold).map_err(serde::de::Error::custom)
    }
}
