//! The pool of workers that are elsewhere.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use proc_spawn::{Call, CapturesNothing};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::backend::{Made, Remote, RemoteJob, Running, for_elsewhere};
use crate::call::{Batch, Mode, Slots};
use crate::error::TaskError;
use crate::executor::TaskKey;
use crate::task::{Imap, Many, Task, all, each};

/// A pool whose workers are wherever a [`Carrier`](crate::remote::Carrier) leads, on other machines for
/// instance. Made by [`Builder::carried_by`](crate::Builder::carried_by).
///
/// It has the methods of [`ProcessPool`](crate::ProcessPool), and they do the same. What is different:
///
/// - Handles of the crate `ipc` lead into the memory of one machine: an item or a result with one in it is
///   [`TaskError::Encode`].
/// - If there is no worker, and none comes, tasks are [`TaskError::NoWorker`].
/// - Whether a worker is lost cannot always be known. An item may run more than once; it has one outcome.
///
/// # Process death
///
/// A worker that dies costs the item that it was running one attempt; see
/// [`retries`](crate::Builder::retries). What else can be lost, and how it is made good, is for the carrier to
/// say.
///
/// # Example
///
/// See [`remote`](crate::remote).
#[derive(Debug)]
pub struct RemotePool {
    running: Running<Remote>,
}

impl RemotePool {
    pub(crate) fn of(running: Running<Remote>) -> RemotePool {
        RemotePool { running }
    }

    pub(crate) fn running(&self) -> &Running<Remote> {
        &self.running
    }

    /// Calls `f` with each item and gives the results in the order of the items. An item that is a
    /// tuple is spread over the parameters of `f`; see [`Call`].
    ///
    /// # Errors
    ///
    /// An item failed. Those that have not begun by then are skipped, those that have are waited for,
    /// and of the failed ones the error is that with the lowest index.
    ///
    /// # Panics
    ///
    /// Where the iterator of the items does, before anything is submitted.
    pub fn map<F, I, M>(&self, f: F, items: I) -> Result<Vec<F::Output>, TaskError>
    where
        F: Call<I::Item, M> + CapturesNothing + Send + Sync,
        F::Output: Serialize + DeserializeOwned + Send + 'static,
        I: IntoIterator<Item: Serialize + DeserializeOwned + Send + 'static>,
        M: 'static,
    {
        all(&*self.running.call(items.into_iter(), true, calls(f)))
    }

    /// Calls `f` with each item and gives what came of each, in the order of the items.
    ///
    /// # Panics
    ///
    /// Where the iterator of the items does, before anything is submitted.
    pub fn map_each<F, I, M>(&self, f: F, items: I) -> Vec<Result<F::Output, TaskError>>
    where
        F: Call<I::Item, M> + CapturesNothing + Send + Sync,
        F::Output: Serialize + DeserializeOwned + Send + 'static,
        I: IntoIterator<Item: Serialize + DeserializeOwned + Send + 'static>,
        M: 'static,
    {
        each(&*self.running.call(items.into_iter(), false, calls(f)))
    }

    /// The same as [`map`](Self::map), by Python's name for it where the items are tuples.
    ///
    /// # Errors
    ///
    /// As `map`.
    pub fn starmap<F, I, M>(&self, f: F, items: I) -> Result<Vec<F::Output>, TaskError>
    where
        F: Call<I::Item, M> + CapturesNothing + Send + Sync,
        F::Output: Serialize + DeserializeOwned + Send + 'static,
        I: IntoIterator<Item: Serialize + DeserializeOwned + Send + 'static>,
        M: 'static,
    {
        self.map(f, items)
    }

    /// Calls `f` with `args` and waits for the result.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub fn apply<F, A, M>(&self, f: F, args: A) -> Result<F::Output, TaskError>
    where
        F: Call<A, M> + CapturesNothing + Send + Sync,
        F::Output: Serialize + DeserializeOwned + Send + 'static,
        A: Serialize + DeserializeOwned + Send + 'static,
        M: 'static,
    {
        self.submit(f, args).get()
    }

    /// Has `f` called with `args`, and does not wait. [Python's `apply_async`]
    #[doc(alias = "apply_async")]
    pub fn submit<F, A, M>(&self, f: F, args: A) -> Task<F::Output>
    where
        F: Call<A, M> + CapturesNothing + Send + Sync,
        F::Output: Serialize + DeserializeOwned + Send + 'static,
        A: Serialize + DeserializeOwned + Send + 'static,
        M: 'static,
    {
        self.submit_as(None, f, args)
    }

    /// Has `f` called with `args`, under the key by which the task is known already, if it is.
    pub(crate) fn submit_as<F, A, M>(&self, key: Option<TaskKey>, f: F, args: A) -> Task<F::Output>
    where
        F: Call<A, M> + CapturesNothing + Send + Sync,
        F::Output: Serialize + DeserializeOwned + Send + 'static,
        A: Serialize + DeserializeOwned + Send + 'static,
        M: 'static,
    {
        let mode = Mode { key, ..self.running.mode(true) };
        let named = Arc::new(for_elsewhere::<F, A, M>(f));
        let batch = Arc::new(Batch::<_, _, M, _>::new(named, Slots::new([args]), mode));
        self.running.submit_one(Arc::clone(&batch) as Arc<dyn RemoteJob>);
        Task::new(batch, self.running.host())
    }

    /// As [`map`](Self::map), but does not wait: one task that has all results, in the order of the
    /// items, or the error of the failed item with the lowest index.
    ///
    /// # Panics
    ///
    /// Where the iterator of the items does, before anything is submitted.
    pub fn map_async<F, I, M>(&self, f: F, items: I) -> Task<Vec<F::Output>>
    where
        F: Call<I::Item, M> + CapturesNothing + Send + Sync,
        F::Output: Serialize + DeserializeOwned + Send + 'static,
        I: IntoIterator<Item: Serialize + DeserializeOwned + Send + 'static>,
        M: 'static,
    {
        Task::new(
            Arc::new(Many(self.running.call(items.into_iter(), true, calls(f)))),
            self.running.host(),
        )
    }

    /// As [`starmap`](Self::starmap), but does not wait; see [`map_async`](Self::map_async).
    ///
    /// # Panics
    ///
    /// Where the iterator of the items does, before anything is submitted.
    pub fn starmap_async<F, I, M>(&self, f: F, items: I) -> Task<Vec<F::Output>>
    where
        F: Call<I::Item, M> + CapturesNothing + Send + Sync,
        F::Output: Serialize + DeserializeOwned + Send + 'static,
        I: IntoIterator<Item: Serialize + DeserializeOwned + Send + 'static>,
        M: 'static,
    {
        self.map_async(f, items)
    }

    /// Calls `f` with each item, and gives the results in the order of the items, lazily: items are
    /// taken in as results are taken out, with four chunks to a worker on their way at any time. So
    /// the items may have no end. A chunk is one item where the pool has no
    /// [`chunk_size`](crate::Builder::chunk_size) of its own.
    ///
    /// Work begins at once. An item that fails is an error in its place, and the next ones follow. If
    /// the iterator of the items panics, that is the last error. If the pool is closed, what is on
    /// its way is finished, then comes one [`Closed`](TaskError::Closed) for what was not.
    pub fn imap<F, I, M>(&self, f: F, items: I) -> Imap<'_, I::IntoIter, F::Output>
    where
        F: Call<I::Item, M> + CapturesNothing + Send + Sync,
        F::Output: Serialize + DeserializeOwned + Send + 'static,
        I: IntoIterator<Item: Serialize + DeserializeOwned + Send + 'static>,
        M: 'static,
    {
        Imap::new(self.running.feed(items.into_iter(), calls(f)), true)
    }

    /// The same, but the results come in the order in which they are done.
    pub fn imap_unordered<F, I, M>(&self, f: F, items: I) -> Imap<'_, I::IntoIter, F::Output>
    where
        F: Call<I::Item, M> + CapturesNothing + Send + Sync,
        F::Output: Serialize + DeserializeOwned + Send + 'static,
        I: IntoIterator<Item: Serialize + DeserializeOwned + Send + 'static>,
        M: 'static,
    {
        Imap::new(self.running.feed(items.into_iter(), calls(f)), false)
    }

    /// Takes nothing on any more; what was submitted is finished.
    pub fn close(&self) {
        self.running.close();
    }

    /// Takes nothing on any more and gives up what was submitted: every task that is not done is
    /// [`TaskError::Cancelled`], and the carrier is told.
    pub fn terminate(&self) {
        self.running.terminate();
    }

    /// Closes the pool and waits until everything is finished.
    pub fn join(self) {
        drop(self);
    }
}

/// Makes calls of `f`.
fn calls<F, A, M>(f: F) -> impl Fn(Slots<A, F::Output>, Mode) -> Made<dyn RemoteJob, F::Output>
where
    F: Call<A, M> + CapturesNothing + Send + Sync,
    F::Output: Serialize + DeserializeOwned + Send + 'static,
    A: Serialize + DeserializeOwned + Send + 'static,
    M: 'static,
{
    let function = Arc::new(for_elsewhere::<F, A, M>(f));
    move |slots, mode| {
        let batch = Arc::new(Batch::<_, _, M, _>::new(Arc::clone(&function), slots, mode));
        (Arc::clone(&batch) as Arc<dyn RemoteJob>, batch)
    }
}

// A caller that panics leaves the pool as it was.
impl UnwindSafe for RemotePool {}
impl RefUnwindSafe for RemotePool {}
