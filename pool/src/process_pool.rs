//! The pool of processes.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use proc_spawn::{Call, CapturesNothing};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::backend::{Made, ProcessJob, Processes, Running, for_processes};
use crate::builder::Pool;
use crate::call::{Batch, Mode, Slots};
use crate::error::{PoolError, TaskError};
use crate::stats::PoolStats;
use crate::task::{Imap, Many, Task, all, each};

/// A fixed number of processes that work off what is submitted.
///
/// A function is a fn item or a closure that captures nothing, items and results are serde; handles of
/// the crate `ipc` may be part of either. Use [`ThreadPool`](crate::ThreadPool), which has the same
/// methods, where no wall is needed between a task and the rest of the program: in Rust, threads
/// use all processors.
///
/// A task that waits for another task of the same pool can wait for ever: the workers may all be
/// waiting so. Workers ignore the interrupt of the terminal (Ctrl-C): what it means is for this process
/// to decide. They may have pools and other children of their own.
///
/// # How it ends
///
/// | what happens | what becomes of tasks | of workers |
/// |---|---|---|
/// | [`close`](Self::close) | those that were submitted are finished, others are [`Closed`](TaskError::Closed) | end when there is nothing left to do |
/// | [`join`](Self::join), or the pool is dropped | the same, and it is waited for | have ended |
/// | [`terminate`](Self::terminate) | every one that is not done is [`Cancelled`](TaskError::Cancelled) | are killed |
/// | this process exits, and the pool was not dropped | nobody is left to know | are killed |
/// | Ctrl-C, SIGTERM, SIGKILL: this process dies | nobody is left to know | are killed; Ctrl-C itself does not reach them |
/// | this process handles Ctrl-C | as it decides: none is lost by the signal | live on |
///
/// # Process death
///
/// A worker that dies is replaced. The task that it was running is
/// [`TaskError::WorkerDied`], and no other: of a chunk, the items before it keep their results, and
/// those after it run elsewhere. The workers die with this process, however it ends.
///
/// # Example
///
/// ```
/// use pool::ProcessPool;
///
/// fn add(a: u64, b: u64) -> u64 {
///     a + b
/// }
///
/// #[proc_spawn::main]
/// fn main() -> Result<(), proc_spawn::Failure> {
///     let pool = ProcessPool::new(2)?;
///     assert_eq!(pool.map(add, [(1, 2), (3, 4)])?, [3, 7]);
///     assert_eq!(pool.apply(|text: String| text.len(), "four".to_owned())?, 4);
///     Ok(())
/// }
/// ```
#[doc(alias = "ProcessPoolExecutor")]
#[derive(Debug)]
pub struct ProcessPool {
    running: Running<Processes>,
}

impl ProcessPool {
    /// Makes a pool of `n` processes; 0 is as many as this process may use processors.
    ///
    /// It returns as soon as the processes exist.
    ///
    /// # Errors
    ///
    /// A worker was not started, or the program's shared memory is used up.
    pub fn new(n: usize) -> Result<ProcessPool, PoolError> {
        Pool::builder().workers(n).processes()
    }

    pub(crate) fn of(running: Running<Processes>) -> ProcessPool {
        ProcessPool { running }
    }

    pub(crate) fn running(&self) -> &Running<Processes> {
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
        let (named, mode) = (Arc::new(for_processes::<F, A, M>(f)), self.running.mode(true));
        let batch = Arc::new(Batch::<_, _, M, _>::new(named, Slots::new([args]), mode));
        self.running.submit_one(Arc::clone(&batch) as Arc<dyn ProcessJob>);
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

    /// Takes nothing on any more, gives up what was submitted and kills the workers: every task
    /// that is not done is [`TaskError::Cancelled`].
    pub fn terminate(&self) {
        self.running.terminate();
    }

    /// Closes the pool and waits until everything is finished and the workers have ended.
    pub fn join(self) {
        drop(self);
    }

    /// What the workers have done so far.
    pub fn stats(&self) -> PoolStats {
        self.running.stats()
    }
}

/// Makes calls of `f`.
fn calls<F, A, M>(f: F) -> impl Fn(Slots<A, F::Output>, Mode) -> Made<dyn ProcessJob, F::Output>
where
    F: Call<A, M> + CapturesNothing + Send + Sync,
    F::Output: Serialize + DeserializeOwned + Send + 'static,
    A: Serialize + DeserializeOwned + Send + 'static,
    M: 'static,
{
    let function = Arc::new(for_processes::<F, A, M>(f));
    move |slots, mode| {
        let batch = Arc::new(Batch::<_, _, M, _>::new(Arc::clone(&function), slots, mode));
        (Arc::clone(&batch) as Arc<dyn ProcessJob>, batch)
    }
}

// A caller that panics leaves the pool as it was.
impl UnwindSafe for ProcessPool {}
impl RefUnwindSafe for ProcessPool {}
