//! `channel`: typed messages from many senders to many receivers.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sync_prims::Deadline;

use crate::endpoint::Endpoint;
use crate::error::{DecodeError, EncodeError, RecvError, SendError};
use crate::heap::Role;
use crate::message::{Decoder, Encoder};
use crate::sleep::Patience;
use crate::wait::{Source, Waitable};

/// A channel for at most `capacity` messages at a time, between any number of threads and processes
/// of the program.
///
/// Use a [`Queue`](crate::Queue) where everybody both sends and receives, or where it must be closed.
///
/// # Process death
///
/// A message is sent whole or not at all, wherever its sender dies. A receiver that dies loses at
/// most the message it had taken. When no living process can send any more,
/// [`recv`](Receiver::recv) says [`Disconnected`](RecvError::Disconnected), after every message that
/// was sent has been received.
///
/// # Errors
/// `capacity` is zero, or the program's shared memory is used up or cannot be made.
///
/// # Examples
///
/// ```
/// let (sender, receiver) = ipc::channel(8)?;
/// sender.send("hello".to_owned())?;
/// drop(sender);
/// assert_eq!(receiver.recv()?, "hello");
/// assert!(matches!(receiver.recv(), Err(ipc::RecvError::Disconnected)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "Pipe")]
pub fn channel<T: 'static>(capacity: usize) -> io::Result<(Sender<T>, Receiver<T>)> {
    let receiver = Endpoint::create::<T>(Some(capacity), Role::Receiver)?;
    let sender = receiver.with_role(Role::Sender)?;
    Ok((Sender::new(sender), Receiver::new(receiver)))
}

/// The sending side of a [`channel`]. Clones send into the same channel, from whatever process.
pub struct Sender<T> {
    endpoint: Endpoint,
    _value: PhantomData<fn(T)>,
}

/// The receiving side of a [`channel`]. Clones share the messages: each is received once.
pub struct Receiver<T> {
    endpoint: Endpoint,
    _value: PhantomData<fn() -> T>,
}

/// Marks a channel whose messages have no one type; see [`Sender::send_with`].
#[derive(Debug, Clone, Copy)]
pub enum Untyped {}

impl<T> Sender<T> {
    /// A receiver of the same channel.
    pub(crate) fn receiver(&self) -> io::Result<Receiver<T>> {
        self.endpoint.with_role(Role::Receiver).map(Receiver::new)
    }

    pub(crate) fn new(endpoint: Endpoint) -> Sender<T> {
        Sender { endpoint, _value: PhantomData }
    }

    /// Whether both send into one channel.
    pub(crate) fn is_same_channel(&self, other: &Sender<T>) -> bool {
        self.endpoint.is_same_ring(&other.endpoint)
    }

    /// Messages in the channel at the moment.
    pub fn len(&self) -> usize {
        self.endpoint.ring().len()
    }

    /// Whether there is no message in the channel at the moment.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many messages the channel can hold; `None` for a half of an unbounded queue.
    pub fn capacity(&self) -> Option<usize> {
        self.endpoint.ring().capacity()
    }
}

impl<T: Serialize> Sender<T> {
    /// Sends a message, waiting while the channel is full.
    ///
    /// # Errors
    /// Nobody can receive it any more, or it cannot be encoded; see [`SendError`], which gives the
    /// value back.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.endpoint.send(value, Patience::Until(Deadline::never()))
    }

    /// Sends a message if there is room.
    ///
    /// # Errors
    /// As [`send`](Sender::send), and [`SendError::Full`].
    pub fn try_send(&self, value: T) -> Result<(), SendError<T>> {
        self.endpoint.send(value, Patience::None)
    }

    /// Sends a message, waiting at most `timeout` while the channel is full.
    ///
    /// # Errors
    /// As [`send`](Sender::send), and [`SendError::Timeout`].
    pub fn send_timeout(&self, value: T, timeout: Duration) -> Result<(), SendError<T>> {
        self.endpoint.send(value, Patience::Until(Deadline::after(timeout)))
    }
}

/// For messages that have no one type, for instance because their beginning says how to read the
/// rest: a `Sender<Untyped>` sends what a function writes.
impl Sender<Untyped> {
    /// Sends what `write` puts, waiting while the channel is full.
    ///
    /// # Errors
    /// As [`send`](Sender::send), and what `write` returns.
    pub fn send_with(
        &self,
        write: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
    ) -> Result<(), SendError<()>> {
        self.send_value_with((), |encoder, ()| write(encoder))
    }

    /// Sends what `write` puts if there is room.
    ///
    /// # Errors
    /// As [`try_send`](Sender::try_send), and what `write` returns.
    pub fn try_send_with(
        &self,
        write: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
    ) -> Result<(), SendError<()>> {
        self.try_send_value_with((), |encoder, ()| write(encoder))
    }

    /// Sends what `write` makes of `value`, which moves into the message, waiting while the channel is
    /// full.
    ///
    /// # Errors
    /// As [`send`](Sender::send), and what `write` returns.
    pub fn send_value_with<V>(
        &self,
        value: V,
        write: impl FnOnce(&mut Encoder, &V) -> Result<(), EncodeError>,
    ) -> Result<(), SendError<V>> {
        self.endpoint.send_with(value, write, Patience::Until(Deadline::never()))
    }

    /// Sends what `write` makes of `value`, which moves into the message, if there is room.
    ///
    /// # Errors
    /// As [`try_send`](Sender::try_send), and what `write` returns.
    pub fn try_send_value_with<V>(
        &self,
        value: V,
        write: impl FnOnce(&mut Encoder, &V) -> Result<(), EncodeError>,
    ) -> Result<(), SendError<V>> {
        self.endpoint.send_with(value, write, Patience::None)
    }
}

impl Receiver<Untyped> {
    /// Receives what `read` takes from the next message, waiting until there is one.
    ///
    /// # Errors
    /// As [`recv`](Receiver::recv), and what `read` returns.
    pub fn recv_with<V>(
        &self,
        read: impl FnOnce(&mut Decoder<'_>) -> Result<V, DecodeError>,
    ) -> Result<V, RecvError> {
        self.endpoint.recv_with(read, Patience::Until(Deadline::never()))
    }

    /// Receives what `read` takes from the next message, waiting at most `timeout` for it.
    ///
    /// # Errors
    /// As [`recv_timeout`](Receiver::recv_timeout), and what `read` returns.
    pub fn recv_timeout_with<V>(
        &self,
        timeout: Duration,
        read: impl FnOnce(&mut Decoder<'_>) -> Result<V, DecodeError>,
    ) -> Result<V, RecvError> {
        self.endpoint.recv_with(read, Patience::Until(Deadline::after(timeout)))
    }

    /// Receives what `read` takes from the next message, if there is one.
    ///
    /// # Errors
    /// As [`try_recv`](Receiver::try_recv), and what `read` returns.
    pub fn try_recv_with<V>(
        &self,
        read: impl FnOnce(&mut Decoder<'_>) -> Result<V, DecodeError>,
    ) -> Result<V, RecvError> {
        self.endpoint.recv_with(read, Patience::None)
    }
}

impl<T> Receiver<T> {
    pub(crate) fn new(endpoint: Endpoint) -> Receiver<T> {
        Receiver { endpoint, _value: PhantomData }
    }

    /// A sender into the same channel.
    pub(crate) fn sender(&self) -> io::Result<Sender<T>> {
        self.endpoint.with_role(Role::Sender).map(Sender::new)
    }

    /// Nothing can be sent any more. What was sent can be received.
    pub(crate) fn close(&self) {
        self.endpoint.ring().close();
    }

    /// Messages in the channel at the moment.
    pub fn len(&self) -> usize {
        self.endpoint.ring().len()
    }

    /// Whether there is no message in the channel at the moment.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many messages the channel can hold; `None` for a half of an unbounded queue.
    pub fn capacity(&self) -> Option<usize> {
        self.endpoint.ring().capacity()
    }
}

impl<T: DeserializeOwned> Receiver<T> {
    /// Receives a message, waiting until there is one.
    ///
    /// # Errors
    /// [`RecvError::Disconnected`] when nobody can send any more and every message was received, or
    /// [`RecvError::Decode`] when the message that came is no `T`.
    pub fn recv(&self) -> Result<T, RecvError> {
        self.endpoint.recv(Patience::Until(Deadline::never()))
    }

    /// Receives a message if there is one.
    ///
    /// # Errors
    /// As [`recv`](Receiver::recv), and [`RecvError::Empty`].
    pub fn try_recv(&self) -> Result<T, RecvError> {
        self.endpoint.recv(Patience::None)
    }

    /// Receives a message, waiting at most `timeout`.
    ///
    /// # Errors
    /// As [`recv`](Receiver::recv), and [`RecvError::Timeout`].
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvError> {
        self.endpoint.recv(Patience::Until(Deadline::after(timeout)))
    }

    /// Every message until nobody can send any more.
    ///
    /// # Panics
    /// The iterator panics when a message is no `T`; use [`recv`](Receiver::recv) to go on after
    /// that.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        until_disconnected(|| self.recv())
    }
}

/// Calls `recv` until it says that nobody can send any more.
pub(crate) fn until_disconnected<T>(
    recv: impl Fn() -> Result<T, RecvError>,
) -> impl Iterator<Item = T> {
    std::iter::from_fn(move || match recv() {
        Ok(value) => Some(value),
        Err(RecvError::Disconnected) => None,
        Err(error) => panic!("a message could not be received: {error}"),
    })
}

/// Ready when a message is there, or none can come any more.
impl<T> Waitable for Receiver<T> {
    fn source(&self) -> Source<'_> {
        Source::watched(&self.endpoint)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        Sender::new(self.endpoint.clone())
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        Receiver::new(self.endpoint.clone())
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<T: 'static> Serialize for Sender<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.endpoint.serialize(serializer)
    }
}

impl<T: 'static> Serialize for Receiver<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.endpoint.serialize(serializer)
    }
}

impl<'de, T: 'static> Deserialize<'de> for Sender<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Sender<T>, D::Error> {
        Endpoint::deserialize::<T, D>(Role::Sender, deserializer).map(Sender::new)
    }
}

impl<'de, T: 'static> Deserialize<'de> for Receiver<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Receiver<T>, D::Error> {
        Endpoint::deserialize::<T, D>(Role::Receiver, deserializer).map(Receiver::new)
    }
}
