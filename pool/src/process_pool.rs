//! The pool of processes.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use proc_spawn::{Call, CapturesNothing};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::backend::{Prepared, ProcessJob, Processes, Running};
use crate::batch::{Batch, Results};
use crate::builder::Pool;
use crate::error::{PoolError, TaskError};
use crate::stats::PoolStats;
use crate::task::{Task, all, each};

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
/// Dropping the pool closes it and waits for what was submitted; see
/// [`terminate`](Self::terminate) for the other way.
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
        all(&*self.call(f, items, true))
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
        each(&*self.call(f, items, false))
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
        let batch = Arc::new(Batch::<_, _, M, _>::new(Prepared::new::<A, M>(f), [args], true));
        self.running.submit_one(Arc::clone(&batch) as Arc<dyn ProcessJob>);
        Task::of(batch)
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

    fn call<F, I, M>(&self, f: F, items: I, stops: bool) -> Arc<dyn Results<F::Output>>
    where
        F: Call<I::Item, M> + CapturesNothing + Send + Sync,
        F::Output: Serialize + DeserializeOwned + Send + 'static,
        I: IntoIterator<Item: Serialize + DeserializeOwned + Send + 'static>,
        M: 'static,
    {
        let prepared = Prepared::new::<I::Item, M>(f);
        let batch = Arc::new(Batch::<_, _, M, _>::new(prepared, items, stops));
        self.running.submit_many(Arc::clone(&batch) as Arc<dyn ProcessJob>);
        batch
    }
}

// A caller that panics leaves the pool as it was.
impl UnwindSafe for ProcessPool {}
impl RefUnwindSafe for ProcessPool {}
