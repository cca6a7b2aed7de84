//! `Queue`: one handle that both puts and gets.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sync_prims::Deadline;

use crate::channel::{Receiver, Sender, until_disconnected};
use crate::endpoint::Endpoint;
use crate::error::{RecvError, SendError, TaskDoneTooOften};
use crate::heap::Role;
use crate::sleep::Patience;
use crate::wait::{Source, Waitable};

/// A first-in, first-out queue that any number of threads and processes of the program put into and
/// get from.
///
/// What [`put`](Queue::put) accepted is in shared memory and stays there, also when the process that
/// put it ends the next instant. Use a [`channel`](crate::channel) where the sides are distinct: a
/// `Queue` can always put, so without [`close`](Queue::close) a waiting [`get`](Queue::get) sees
/// `Disconnected` only when its own handle is the last one left of several.
///
/// Every message got is a *task* until [`task_done`](Queue::task_done) is called for it;
/// [`join`](Queue::join) waits for all of them. Who does not care calls neither.
///
/// # Process death
///
/// As for a [`channel`](crate::channel): no partial message, nothing lost but what a dead receiver had
/// taken.
///
/// # Examples
///
/// ```
/// let queue = ipc::Queue::bounded(4)?;
/// queue.put(1)?;
/// queue.put(2)?;
/// queue.close();
/// assert!(queue.put(3).is_err());
/// assert_eq!(queue.iter().collect::<Vec<i32>>(), [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Queue<T> {
    endpoint: Endpoint,
    _value: PhantomData<fn(T) -> T>,
}

impl<T: 'static> Queue<T> {
    /// A queue for at most `capacity` messages at a time.
    ///
    /// # Errors
    /// `capacity` is zero, or the program's shared memory is used up or cannot be made.
    pub fn bounded(capacity: usize) -> io::Result<Queue<T>> {
        Ok(Queue::new(Endpoint::create::<T>(Some(capacity), Role::Both)?))
    }

    /// A queue for as many messages as the program's shared memory can hold; at most 67 million.
    /// Memory is used for the messages that are in it, and given back as they are taken out, but for some
    /// that the program keeps for its next ones.
    ///
    /// # Errors
    /// The program's shared memory is used up or cannot be made.
    pub fn unbounded() -> io::Result<Queue<T>> {
        Ok(Queue::new(Endpoint::create::<T>(None, Role::Both)?))
    }

    /// Two handles in place of this one, of which the first can only put and the second only get.
    ///
    /// # Panics
    /// If the program's shared memory is used up.
    pub fn split(self) -> (Sender<T>, Receiver<T>) {
        self.halves().expect("the program's shared memory has room for two handles")
    }

    /// The same, for who has somebody to tell that there is no memory.
    pub(crate) fn halves(self) -> io::Result<(Sender<T>, Receiver<T>)> {
        let sender = self.endpoint.with_role(Role::Sender)?;
        let receiver = self.endpoint.with_role(Role::Receiver)?;
        Ok((Sender::new(sender), Receiver::new(receiver)))
    }
}

impl<T> Queue<T> {
    fn new(endpoint: Endpoint) -> Queue<T> {
        Queue { endpoint, _value: PhantomData }
    }

    /// Says that a message that was got is dealt with. To be called by who got it, or on its behalf.
    ///
    /// # Errors
    /// There is no such message.
    pub fn task_done(&self) -> Result<(), TaskDoneTooOften> {
        if self.endpoint.finish_task() { Ok(()) } else { Err(TaskDoneTooOften) }
    }

    /// Waits until every message that was put before was got and dealt with, see
    /// [`task_done`](Queue::task_done). What a [half](Queue::split) of the queue receives is dealt with by
    /// that.
    ///
    /// # Process death
    ///
    /// A message whose getter is gone will not be dealt with, and nobody waits for it.
    ///
    /// # Examples
    ///
    /// ```
    /// let queue = ipc::Queue::bounded(4)?;
    /// queue.put_many(["write", "print"].map(String::from))?;
    /// let worker = queue.clone();
    /// std::thread::spawn(move || {
    ///     while let Ok(order) = worker.get() {
    ///         println!("{order}");
    ///         worker.task_done().expect("one for each");
    ///     }
    /// });
    /// queue.join();
    /// assert!(queue.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn join(&self) {
        self.endpoint.wait_for_tasks(Deadline::never());
    }

    /// As [`join`](Queue::join), for at most `timeout`; `false` if that was not enough.
    pub fn join_timeout(&self, timeout: Duration) -> bool {
        self.endpoint.wait_for_tasks(Deadline::after(timeout))
    }

    /// Closes the queue for every process: puts fail at once, gets receive what is there and are
    /// told [`RecvError::Disconnected`] after that.
    #[doc(alias = "shutdown")]
    pub fn close(&self) {
        self.endpoint.ring().close();
    }

    /// Whether the queue was closed.
    pub fn is_closed(&self) -> bool {
        self.endpoint.ring().is_closed()
    }

    /// Messages in the queue at the moment.
    #[doc(alias = "qsize")]
    pub fn len(&self) -> usize {
        self.endpoint.ring().len()
    }

    /// Whether there is no message in the queue at the moment.
    #[doc(alias = "empty")]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room in the queue at the moment.
    #[doc(alias = "full")]
    pub fn is_full(&self) -> bool {
        self.capacity().is_some_and(|capacity| self.len() >= capacity)
    }

    /// How many messages the queue can hold; `None` if it is unbounded.
    #[doc(alias = "maxsize")]
    pub fn capacity(&self) -> Option<usize> {
        self.endpoint.ring().capacity()
    }
}

impl<T: Serialize> Queue<T> {
    /// Puts a message in, waiting while the queue is full.
    ///
    /// # Errors
    /// The queue was closed; it is full, and this handle is the last one left of several, so that nobody can make
    /// room; or the value cannot be encoded. See [`SendError`], which gives it back.
    pub fn put(&self, value: T) -> Result<(), SendError<T>> {
        self.endpoint.send(value, Patience::Until(Deadline::never()))
    }

    /// Puts messages in one after the other, waiting while the queue is full, and tells how many. Those of
    /// others may come between them.
    ///
    /// # Errors
    /// As [`put`](Queue::put), with the first value that could not be put. Those before it are in the
    /// queue; an iterator that was lent (`&mut values`) still has those after it.
    pub fn put_many(&self, values: impl IntoIterator<Item = T>) -> Result<usize, SendError<T>> {
        let mut count = 0;
        for value in values {
            self.put(value)?;
            count += 1;
        }
        Ok(count)
    }

    /// Puts a message in if there is room.
    ///
    /// # Errors
    /// As [`put`](Queue::put), and [`SendError::Full`].
    #[doc(alias = "put_nowait")]
    pub fn try_put(&self, value: T) -> Result<(), SendError<T>> {
        self.endpoint.send(value, Patience::None)
    }

    /// Puts a message in, waiting at most `timeout` while the queue is full.
    ///
    /// # Errors
    /// As [`put`](Queue::put), and [`SendError::Timeout`].
    pub fn put_timeout(&self, value: T, timeout: Duration) -> Result<(), SendError<T>> {
        self.endpoint.send(value, Patience::Until(Deadline::after(timeout)))
    }
}

impl<T: DeserializeOwned> Queue<T> {
    /// Gets a message, waiting until there is one.
    ///
    /// # Errors
    /// [`RecvError::Disconnected`] when the queue was closed, or this is the last handle to it, and
    /// every message was received; [`RecvError::Decode`] when the message that came is no `T`.
    pub fn get(&self) -> Result<T, RecvError> {
        self.endpoint.recv(Patience::Until(Deadline::never()))
    }

    /// Gets what is there, at most `limit` messages, waiting until there is at least one. None are asked
    /// for with a `limit` of 0.
    ///
    /// # Errors
    /// As [`get`](Queue::get), if that befalls the first message. If it befalls another, those before it
    /// are given; what could not be decoded is gone, and anything else is told by the next call.
    pub fn get_many(&self, limit: usize) -> Result<Vec<T>, RecvError> {
        let mut values = Vec::new();
        if limit > 0 {
            values.push(self.get()?);
        }
        while values.len() < limit {
            match self.try_get() {
                Ok(value) => values.push(value),
                Err(_) => break,
            }
        }
        Ok(values)
    }

    /// Gets a message if there is one.
    ///
    /// # Errors
    /// As [`get`](Queue::get), and [`RecvError::Empty`].
    #[doc(alias = "get_nowait")]
    pub fn try_get(&self) -> Result<T, RecvError> {
        self.endpoint.recv(Patience::None)
    }

    /// Gets a message, waiting at most `timeout`.
    ///
    /// # Errors
    /// As [`get`](Queue::get), and [`RecvError::Timeout`].
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, RecvError> {
        self.endpoint.recv(Patience::Until(Deadline::after(timeout)))
    }

    /// Every message until the queue is closed and empty.
    ///
    /// # Panics
    /// The iterator panics when a message is no `T`; use [`get`](Queue::get) to go on after that.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        until_disconnected(|| self.get())
    }
}

/// Ready when a message is there, or none can come any more.
impl<T> Waitable for Queue<T> {
    fn source(&self) -> Source<'_> {
        Source::watched(&self.endpoint)
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Queue<T> {
        Queue::new(self.endpoint.clone())
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .field("closed", &self.is_closed())
            .finish()
    }
}

impl<T: 'static> Serialize for Queue<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.endpoint.serialize(serializer)
    }
}

impl<'de, T: 'static> Deserialize<'de> for Queue<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Queue<T>, D::Error> {
        Endpoint::deserialize::<T, D>(Role::Both, deserializer).map(Queue::new)
    }
}
