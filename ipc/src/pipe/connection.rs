//! Both directions of a pipe.

use std::fmt;
use std::io;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
#[cfg(feature = "ipc-channel")]
use sync_prims::Deadline;

use super::half::{FOR_EVER, fingerprint, within};
use super::recv_half::RecvHalf;
use super::send_half::SendHalf;
use crate::error::{RecvError, SendError};
use crate::program::Program;
use crate::sleep::Patience;
use crate::sys::stream::Socket;
use crate::transport;
#[cfg(feature = "ipc-channel")]
use crate::transport::{RecvAside, SendAside};
use crate::wait::{Source, Waitable};

/// Two connected ends, each for one user at a time: what one sends, the other receives.
///
/// The first end sends `S` and receives `R`, the second the other way round. `pipe::<(), ()>()` is for
/// bytes only. Use a [`channel`](crate::channel) for more than two participants.
///
/// # Process death
///
/// A message is received whole or not at all. When the process with the other end is gone, `recv` says
/// [`Disconnected`](RecvError::Disconnected) after everything that was sent has been received.
///
/// # Errors
/// The program's shared memory is used up or cannot be made.
///
/// # Examples
///
/// ```
/// let (mut here, mut there) = ipc::pipe::<String, usize>()?;
/// let other = std::thread::spawn(move || {
///     let text = there.recv().expect("a text");
///     there.send(text.len()).expect("somebody listens");
/// });
/// here.send("four".to_owned())?;
/// assert_eq!(here.recv()?, 4);
/// assert!(matches!(here.recv(), Err(ipc::RecvError::Disconnected)));
/// # other.join().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "Pipe")]
pub fn pipe<S: 'static, R: 'static>() -> io::Result<(Connection<S, R>, Connection<R, S>)> {
    let program = Program::current()?;
    let (send_there, recv_there) = transport::stream(program, fingerprint::<S>())?;
    let (send_back, recv_back) = transport::stream(program, fingerprint::<R>())?;
    let here = Connection { send: SendHalf::new(send_there)?, recv: RecvHalf::new(recv_back)? };
    let there = Connection { send: SendHalf::new(send_back)?, recv: RecvHalf::new(recv_there)? };
    Ok((here, there))
}

/// One end of a [`pipe`]: sends `S`, receives `R`. It belongs to one user at a time, and moves with a
/// message.
///
/// A [`Transport`](crate::transport::Transport) makes one over something else than a ring.
/// One that a [`Listener`](crate::Listener) or [`Client`](crate::Client) made goes over a socket, to
/// whatever program. It stays with its process, handles cannot go over it, its messages have up to 1 GiB,
/// [`poll`](Connection::poll) and [`wait`](crate::wait()) tell that a message has begun to come, and there
/// is no verdict of `Deadlock`. Over TCP, what was sent can be lost on its way if the sender is killed with something
/// that it has not received, or goes while more comes for it: who has to know says that it has received all.
///
/// Bytes of any length stream through: a send of many lasts until they are on their way. A value that is larger than
/// a pipe, 1 MiB encoded, waits until the pipe is empty, and then is there whole; over a socket it streams, too. A
/// `*_timeout` bounds the whole call; a message that could not be sent in time is called off and not seen by the
/// receiver.
#[derive(Serialize, Deserialize)]
#[serde(bound(serialize = "S: 'static, R: 'static", deserialize = "S: 'static, R: 'static"))]
pub struct Connection<S, R> {
    send: SendHalf<S>,
    recv: RecvHalf<R>,
}

impl<S, R> Connection<S, R> {
    /// Over a connected stream socket.
    pub(crate) fn over(socket: Socket) -> Connection<S, R> {
        let (send, recv) = transport::ends(socket, (None, None));
        Connection { send: SendHalf::over(send), recv: RecvHalf::over(recv) }
    }

    /// The same to another process of the program; the rings in shared memory carry the handles.
    pub(crate) fn move_over(self, socket: Socket) -> Connection<S, R> {
        let (send, recv) = (self.send.into_ring(), self.recv.into_ring());
        let carriers = (send.map(|end| end.hold), recv.map(|end| end.hold));
        let (send, recv) = transport::ends(socket, carriers);
        Connection { send: SendHalf::over(send), recv: RecvHalf::over(recv) }
    }

    /// The bytes of messages go another way than the ring that says what they are.
    #[cfg(feature = "ipc-channel")]
    pub(crate) fn set_aside(&mut self, send: Box<dyn SendAside>, recv: Box<dyn RecvAside>) {
        self.send.set_aside(send);
        self.recv.set_aside(recv);
    }

    /// Receives bytes. Two ends that do this both are not told so.
    #[cfg(feature = "ipc-channel")]
    pub(crate) fn recv_bytes_until(&mut self, deadline: Deadline) -> Result<Vec<u8>, RecvError> {
        self.recv.recv_raw(None, Patience::Until(deadline), std::mem::take)
    }

    /// The two directions on their own, for instance for two threads.
    pub fn split(self) -> (SendHalf<S>, RecvHalf<R>) {
        (self.send, self.recv)
    }

    /// Whether a receive would not wait: a message has come, the other end is gone, or there is an error to be
    /// told. Waits at most `timeout` for it.
    pub fn poll(&mut self, timeout: Duration) -> bool {
        self.recv.poll(timeout)
    }

    /// Sends bytes as they are, waiting while there is no room. They are received by
    /// [`recv_bytes`](Connection::recv_bytes), and never taken for a value.
    ///
    /// # Errors
    /// [`SendError::Disconnected`] when the other end is gone.
    pub fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), SendError<()>> {
        self.send.send_bytes(bytes)
    }

    /// Sends bytes as they are, waiting at most `timeout` for room.
    ///
    /// # Errors
    /// As [`send_bytes`](Connection::send_bytes), and [`SendError::Timeout`].
    pub fn send_bytes_timeout(
        &mut self,
        bytes: &[u8],
        timeout: Duration,
    ) -> Result<(), SendError<()>> {
        self.send.send_bytes_timeout(bytes, timeout)
    }

    /// Receives bytes, waiting until they come.
    ///
    /// # Errors
    /// As [`recv`](Connection::recv); [`RecvError::Decode`] if the message that came is a value.
    pub fn recv_bytes(&mut self) -> Result<Vec<u8>, RecvError> {
        self.recv.recv_raw(self.send.stream(), FOR_EVER, std::mem::take)
    }

    /// Receives bytes, waiting at most `timeout` for them.
    ///
    /// # Errors
    /// As [`recv_bytes`](Connection::recv_bytes), and [`RecvError::Timeout`].
    pub fn recv_bytes_timeout(&mut self, timeout: Duration) -> Result<Vec<u8>, RecvError> {
        self.recv.recv_bytes_timeout(timeout)
    }

    /// Receives bytes into `buffer` and tells how many.
    ///
    /// # Errors
    /// As [`recv_bytes`](Connection::recv_bytes); [`RecvError::BufferTooShort`], which has the message,
    /// if it is longer than the buffer.
    pub fn recv_bytes_into(&mut self, buffer: &mut [u8]) -> Result<usize, RecvError> {
        self.recv.recv_raw_into(self.send.stream(), buffer)
    }
}

impl<S: Serialize, R> Connection<S, R> {
    /// Sends a message, waiting while there is no room.
    ///
    /// # Errors
    /// [`SendError::Disconnected`] when the other end is gone, or the value cannot be encoded; see
    /// [`SendError`], which gives it back.
    pub fn send(&mut self, value: S) -> Result<(), SendError<S>> {
        self.send.send(value)
    }

    /// Sends a message if there is room for the whole of it.
    ///
    /// # Errors
    /// As [`send`](Connection::send), and [`SendError::Full`]: over a socket always for a message that the
    /// system has no room for, which goes through in parts as it is received.
    pub fn try_send(&mut self, value: S) -> Result<(), SendError<S>> {
        self.send.try_send(value)
    }

    /// Sends a message, waiting at most `timeout`.
    ///
    /// # Errors
    /// As [`send`](Connection::send), and [`SendError::Timeout`].
    pub fn send_timeout(&mut self, value: S, timeout: Duration) -> Result<(), SendError<S>> {
        self.send.send_timeout(value, timeout)
    }
}

impl<S, R: DeserializeOwned> Connection<S, R> {
    /// Receives a message, waiting until there is one.
    ///
    /// # Errors
    /// [`RecvError::Disconnected`] when the other end is gone and every message was received;
    /// [`RecvError::Deadlock`] when the other end, not split, waits to receive as well and nothing is on
    /// the way; [`RecvError::Decode`] when the message that came is no `R`.
    pub fn recv(&mut self) -> Result<R, RecvError> {
        self.recv.recv_value(self.send.stream(), FOR_EVER)
    }

    /// Receives a message if there is one.
    ///
    /// # Errors
    /// As [`recv`](Connection::recv), and [`RecvError::Empty`].
    pub fn try_recv(&mut self) -> Result<R, RecvError> {
        self.recv.recv_value(None, Patience::None)
    }

    /// Receives a message, waiting at most `timeout`.
    ///
    /// # Errors
    /// As [`recv`](Connection::recv), and [`RecvError::Timeout`].
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<R, RecvError> {
        self.recv.recv_value(None, within(timeout))
    }
}

/// Ready when a message has come, or the other end is gone.
impl<S, R> Waitable for Connection<S, R> {
    fn source(&self) -> Source<'_> {
        self.recv.source()
    }
}

impl<S, R> fmt::Debug for Connection<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}
