//! The pool of threads.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use proc_spawn::Call;

use crate::backend::{Made, Running, ThreadJob, Threads};
use crate::builder::Pool;
use crate::call::{Batch, Mode, Slots};
use crate::error::{PoolError, TaskError};
use crate::stats::PoolStats;
use crate::task::{Imap, Many, Task, all, each};

/// A fixed number of threads that work off what is submitted.
///
/// Functions may capture, and neither items nor results have to be serde. Use
/// [`ProcessPool`](crate::ProcessPool), which has the same methods, where a task may crash, leak or
/// have to be killed, or where its code is not thread-safe.
///
/// A panic fails its task and no other. A task that waits for another task of the same pool can wait
/// for ever: the workers may all be waiting so.
///
/// Dropping the pool closes it and waits for what was submitted; see
/// [`terminate`](Self::terminate) for the other way.
///
/// # Process death
///
/// Threads end with their process.
///
/// # Example
///
/// ```
/// let pool = pool::ThreadPool::new(4)?;
/// let offset = 10;
/// assert_eq!(pool.map(move |n: u32| n + offset, 0..5)?, [10, 11, 12, 13, 14]);
/// assert_eq!(pool.map(u32::pow, [(2, 3), (3, 2)])?, [8, 9]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "ThreadPoolExecutor")]
#[derive(Debug)]
pub struct ThreadPool {
    running: Running<Threads>,
}

impl ThreadPool {
    /// Makes a pool of `n` threads; 0 is as many as this process may use processors.
    ///
    /// # Errors
    ///
    /// The system has no more threads.
    pub fn new(n: usize) -> Result<ThreadPool, PoolError> {
        Pool::builder().workers(n).threads()
    }

    pub(crate) fn of(running: Running<Threads>) -> ThreadPool {
        ThreadPool { running }
    }

    pub(crate) fn running(&self) -> &Running<Threads> {
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
    pub fn map<F, I, M, R>(&self, f: F, items: I) -> Result<Vec<R>, TaskError>
    where
        F: Send + Sync + 'static,
        for<'f> &'f F: Call<I::Item, M, Output = R>,
        I: IntoIterator<Item: Send + 'static>,
        M: 'static,
        R: Send + 'static,
    {
        all(&*self.running.call(items.into_iter(), true, calls(f)))
    }

    /// Calls `f` with each item and gives what came of each, in the order of the items.
    ///
    /// # Panics
    ///
    /// Where the iterator of the items does, before anything is submitted.
    pub fn map_each<F, I, M, R>(&self, f: F, items: I) -> Vec<Result<R, TaskError>>
    where
        F: Send + Sync + 'static,
        for<'f> &'f F: Call<I::Item, M, Output = R>,
        I: IntoIterator<Item: Send + 'static>,
        M: 'static,
        R: Send + 'static,
    {
        each(&*self.running.call(items.into_iter(), false, calls(f)))
    }

    /// The same as [`map`](Self::map), by Python's name for it where the items are tuples.
    ///
    /// # Errors
    ///
    /// As `map`.
    pub fn starmap<F, I, M, R>(&self, f: F, items: I) -> Result<Vec<R>, TaskError>
    where
        F: Send + Sync + 'static,
        for<'f> &'f F: Call<I::Item, M, Output = R>,
        I: IntoIterator<Item: Send + 'static>,
        M: 'static,
        R: Send + 'static,
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
        F: Call<A, M> + Send + 'static,
        F::Output: Send + 'static,
        A: Send + 'static,
        M: 'static,
    {
        self.submit(f, args).get()
    }

    /// Has `f` called with `args`, and does not wait. [Python's `apply_async`]
    #[doc(alias = "apply_async")]
    pub fn submit<F, A, M>(&self, f: F, args: A) -> Task<F::Output>
    where
        F: Call<A, M> + Send + 'static,
        F::Output: Send + 'static,
        A: Send + 'static,
        M: 'static,
    {
        // Called once, so the function itself is what the item is made of.
        let once = |task: Box<dyn FnOnce() -> F::Output + Send>| task();
        let task: Box<dyn FnOnce() -> F::Output + Send> = Box::new(move || f.call(args));
        let batch =
            Arc::new(Batch::new(Arc::new(once), Slots::new([task]), self.running.mode(true)));
        self.running.submit_one(Arc::clone(&batch) as Arc<dyn ThreadJob>);
        Task::new(batch, self.running.host())
    }

    /// As [`map`](Self::map), but does not wait: one task that has all results, in the order of the
    /// items, or the error of the failed item with the lowest index.
    ///
    /// # Panics
    ///
    /// Where the iterator of the items does, before anything is submitted.
    pub fn map_async<F, I, M, R>(&self, f: F, items: I) -> Task<Vec<R>>
    where
        F: Send + Sync + 'static,
        for<'f> &'f F: Call<I::Item, M, Output = R>,
        I: IntoIterator<Item: Send + 'static>,
        M: 'static,
        R: Send + 'static,
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
    pub fn starmap_async<F, I, M, R>(&self, f: F, items: I) -> Task<Vec<R>>
    where
        F: Send + Sync + 'static,
        for<'f> &'f F: Call<I::Item, M, Output = R>,
        I: IntoIterator<Item: Send + 'static>,
        M: 'static,
        R: Send + 'static,
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
    pub fn imap<F, I, M, R>(&self, f: F, items: I) -> Imap<'_, I::IntoIter, R>
    where
        F: Send + Sync + 'static,
        for<'f> &'f F: Call<I::Item, M, Output = R>,
        I: IntoIterator<Item: Send + 'static>,
        M: 'static,
        R: Send + 'static,
    {
        Imap::new(self.running.feed(items.into_iter(), calls(f)), true)
    }

    /// The same, but the results come in the order in which they are done.
    pub fn imap_unordered<F, I, M, R>(&self, f: F, items: I) -> Imap<'_, I::IntoIter, R>
    where
        F: Send + Sync + 'static,
        for<'f> &'f F: Call<I::Item, M, Output = R>,
        I: IntoIterator<Item: Send + 'static>,
        M: 'static,
        R: Send + 'static,
    {
        Imap::new(self.running.feed(items.into_iter(), calls(f)), false)
    }

    /// Takes nothing on any more; what was submitted is finished.
    pub fn close(&self) {
        self.running.close();
    }

    /// Takes nothing on any more, and gives up what was submitted: every task that is not done is
    /// [`TaskError::Cancelled`] at once.
    ///
    /// A thread cannot be ended: what runs at the moment, a task or an initializer, runs on to its end,
    /// but nobody waits for it, and what it comes to is dropped.
    pub fn terminate(&self) {
        self.running.terminate();
    }

    /// Closes the pool and waits until everything is finished and the threads have ended; after
    /// [`terminate`](Self::terminate), those that do not run anything.
    pub fn join(self) {
        drop(self);
    }

    /// What the workers have done so far.
    pub fn stats(&self) -> PoolStats {
        self.running.stats()
    }
}

/// Makes calls of `f`.
fn calls<F, A, M, R>(f: F) -> impl Fn(Slots<A, R>, Mode) -> Made<dyn ThreadJob, R>
where
    F: Send + Sync + 'static,
    for<'f> &'f F: Call<A, M, Output = R>,
    A: Send + 'static,
    M: 'static,
    R: Send + 'static,
{
    let function = Arc::new(f);
    move |slots, mode| {
        let batch = Arc::new(Batch::<_, _, M, _>::new(Arc::clone(&function), slots, mode));
        (Arc::clone(&batch) as Arc<dyn ThreadJob>, batch)
    }
}

// A caller that panics leaves the pool as it was.
impl UnwindSafe for ThreadPool {}
impl RefUnwindSafe for ThreadPool {}
