//! Queues.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::typed::{Item, typed_proxy};
use crate::error::TaskDoneTooOften;
use crate::manager::error::{ManagerError, PutError, TakeError};
use crate::manager::front::Manager;
use crate::manager::function::Client;
use crate::manager::managed::Managed;
use crate::manager::plain::is_plain;

/// What is in a queue; what a [`QueueProxy`] is a proxy of.
#[derive(Debug)]
pub struct QueueState<T> {
    items: VecDeque<T>,
    capacity: Option<usize>,
    closed: bool,
    /// By client: what it got and has not said to be dealt with.
    tasks: HashMap<u64, usize>,
}

/// Why a value was not put in: it comes back.
#[derive(Debug, Serialize, Deserialize)]
enum NotPut<T> {
    Closed(T),
    Full(T),
}

/// What a get has come to.
#[derive(Debug, Serialize, Deserialize)]
enum Got<T> {
    Item(T),
    Closed,
    Nothing,
}

impl<T> QueueState<T> {
    fn is_full(&self) -> bool {
        self.capacity.is_some_and(|capacity| self.items.len() >= capacity)
    }

    fn put(&mut self, item: &mut Option<T>) -> Option<Result<(), NotPut<T>>> {
        if !self.closed && self.is_full() {
            return None;
        }
        let item = item.take()?;
        if self.closed {
            return Some(Err(NotPut::Closed(item)));
        }
        self.items.push_back(item);
        Some(Ok(()))
    }

    fn take(&mut self, client: &Client) -> Option<Got<T>> {
        match self.items.pop_front() {
            Some(item) => {
                *self.tasks.entry(client.link).or_default() += 1;
                Some(Got::Item(item))
            }
            None => self.closed.then_some(Got::Closed),
        }
    }

    fn task_done(&mut self, client: &Client) -> bool {
        let mine = self.tasks.contains_key(&client.link).then_some(client.link);
        let Some(whose) = mine.or_else(|| self.tasks.keys().next().copied()) else { return false };
        if let Some(left) = self.tasks.get_mut(&whose) {
            *left -= 1;
            if *left == 0 {
                self.tasks.remove(&whose);
            }
        }
        true
    }
}

impl<T: Item> Managed for QueueState<T> {
    type Args = Option<usize>;
    type Proxy = QueueProxy<T>;
    const HEARS_OF_DEATHS: bool = true;

    fn create(capacity: Option<usize>) -> QueueState<T> {
        assert!(capacity != Some(0), "a queue needs room for at least one item");
        QueueState { items: VecDeque::new(), capacity, closed: false, tasks: HashMap::new() }
    }

    fn is_plain() -> bool {
        is_plain::<T>()
    }

    fn client_gone(&mut self, client: &Client) {
        self.tasks.remove(&client.link);
    }
}

typed_proxy! {
    /// A queue that a manager's server holds. Use a [`Queue`](crate::Queue) within a program: it is many times
    /// as fast. This one can be reached from other hosts, and looked into.
    ///
    /// Items that were got are *tasks* until [`task_done`](QueueProxy::task_done) is called for them;
    /// [`join`](QueueProxy::join) waits for all of them. Who does not care calls neither.
    ///
    /// # Process death
    ///
    /// What was put in stays. A process that dies while it waits to get gets nothing, and an item that was on its
    /// way to it goes back to the front. What it had got goes with it and is not waited for by
    /// [`join`](QueueProxy::join).
    ///
    /// # Examples
    ///
    /// ```
    /// use ipc::{Manager, TakeError};
    /// use proc_spawn::Thread;
    ///
    /// let manager = Manager::start::<Thread>().unwrap();
    /// let queue = manager.queue::<String>(1).unwrap();
    /// queue.put("a".to_owned()).unwrap();
    /// assert!(queue.try_put("b".to_owned()).is_err());
    /// assert_eq!(queue.get().unwrap(), "a");
    /// assert!(matches!(queue.try_get(), Err(TakeError::Empty)));
    /// ```
    QueueProxy[T: Item] of QueueState<T>
}

impl Manager {
    /// A queue for at most `capacity` items at a time.
    ///
    /// # Errors
    /// As for [`create`](Manager::create); [`ManagerError::Panicked`] for a capacity of 0.
    #[doc(alias = "SyncManager.Queue")]
    #[doc(alias = "JoinableQueue")]
    pub fn queue<T: Item>(&self, capacity: usize) -> Result<QueueProxy<T>, ManagerError> {
        self.create::<QueueState<T>>(Some(capacity))
    }

    /// A queue for as many items as the server has memory for.
    ///
    /// # Errors
    /// As for [`create`](Manager::create).
    pub fn unbounded_queue<T: Item>(&self) -> Result<QueueProxy<T>, ManagerError> {
        self.create::<QueueState<T>>(None)
    }
}

impl<T: Item> QueueProxy<T> {
    /// Puts an item in, waiting while the queue is full.
    ///
    /// # Errors
    /// See [`PutError`], which gives the item back where it can.
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        self.put_within(None, item, PutError::Timeout)
    }

    /// Puts an item in if there is room.
    ///
    /// # Errors
    /// As [`put`](QueueProxy::put), and [`PutError::Full`].
    #[doc(alias = "put_nowait")]
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        self.put_within(Some(Duration::ZERO), item, PutError::Full)
    }

    /// Puts an item in, waiting at most `timeout` while the queue is full.
    ///
    /// # Errors
    /// As [`put`](QueueProxy::put), and [`PutError::Timeout`].
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        self.put_within(Some(timeout), item, PutError::Timeout)
    }

    fn put_within(
        &self,
        timeout: Option<Duration>,
        item: T,
        full: fn(T) -> PutError<T>,
    ) -> Result<(), PutError<T>> {
        let put = self.0.wait(
            |queue: &mut QueueState<T>, item: &mut Option<T>, _: &Client| queue.put(item),
            |_, item, _| item.take().map(|item| Err(NotPut::Full(item))),
            timeout,
            Some(item),
        )?;
        put.map_err(|not_put| match not_put {
            NotPut::Closed(item) => PutError::Closed(item),
            NotPut::Full(item) => full(item),
        })
    }

    /// Gets an item, waiting until there is one.
    ///
    /// # Errors
    /// [`TakeError::Closed`] when the queue was closed and nothing is left, and those of every call.
    pub fn get(&self) -> Result<T, TakeError> {
        self.take_within(None, TakeError::Timeout)
    }

    /// Gets an item if there is one.
    ///
    /// # Errors
    /// As [`get`](QueueProxy::get), and [`TakeError::Empty`].
    #[doc(alias = "get_nowait")]
    pub fn try_get(&self) -> Result<T, TakeError> {
        self.take_within(Some(Duration::ZERO), TakeError::Empty)
    }

    /// Gets an item, waiting at most `timeout` for one.
    ///
    /// # Errors
    /// As [`get`](QueueProxy::get), and [`TakeError::Timeout`].
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, TakeError> {
        self.take_within(Some(timeout), TakeError::Timeout)
    }

    fn take_within(&self, timeout: Option<Duration>, nothing: TakeError) -> Result<T, TakeError> {
        let got = self.0.wait_or_return(
            |queue: &mut QueueState<T>, (): &mut (), client: &Client| queue.take(client),
            |_, (), _| Some(Got::Nothing),
            |queue, got, client| {
                if let Got::Item(item) = got {
                    queue.items.push_front(item);
                    queue.task_done(client);
                }
            },
            timeout,
            (),
        )?;
        match got {
            Got::Item(item) => Ok(item),
            Got::Closed => Err(TakeError::Closed),
            Got::Nothing => Err(nothing),
        }
    }

    /// Says that an item that was got is dealt with.
    ///
    /// # Errors
    /// The inner one if there is no such item; those of every call.
    pub fn task_done(&self) -> Result<Result<(), TaskDoneTooOften>, ManagerError> {
        let done = self.0.tell(
            |queue: &mut QueueState<T>, (): &mut (), client: &Client| queue.task_done(client),
            (),
        )?;
        Ok(if done { Ok(()) } else { Err(TaskDoneTooOften) })
    }

    /// Waits until every item was got and dealt with.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn join(&self) -> Result<(), ManagerError> {
        self.join_within(None).map(drop)
    }

    /// The same, for at most `timeout`; `false` if that was not enough.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn join_timeout(&self, timeout: Duration) -> Result<bool, ManagerError> {
        self.join_within(Some(timeout))
    }

    fn join_within(&self, timeout: Option<Duration>) -> Result<bool, ManagerError> {
        self.0.wait(
            |queue: &mut QueueState<T>, (): &mut (), _: &Client| {
                (queue.items.is_empty() && queue.tasks.is_empty()).then_some(true)
            },
            |_, (), _| Some(false),
            timeout,
            (),
        )
    }

    /// Closes the queue for all: puts fail from now on, gets once it is empty.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn close(&self) -> Result<(), ManagerError> {
        self.0.call_quick(|queue: &mut QueueState<T>| queue.closed = true, ())
    }

    /// How many items are in it at the moment.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    #[doc(alias = "qsize")]
    pub fn len(&self) -> Result<usize, ManagerError> {
        self.0.call_quick(|queue: &QueueState<T>| queue.items.len(), ())
    }

    /// Whether it is empty at the moment.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn is_empty(&self) -> Result<bool, ManagerError> {
        Ok(self.len()? == 0)
    }

    /// Whether it is full at the moment.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn is_full(&self) -> Result<bool, ManagerError> {
        self.0.call_quick(QueueState::<T>::is_full, ())
    }
}
