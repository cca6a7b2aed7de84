//! A task that was submitted.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::host::Host;
use super::outcome::Outcome;
use crate::call::{End, call_quietly};
use crate::error::TaskError;

/// A task that was submitted, and its result once there is one. [Python's `AsyncResult` and `Future`]
///
/// It is a [`Future`] as well, for any executor: it needs no runtime of its own and no thread of
/// the executor's. Dropping it leaves the task to itself: it still runs.
///
/// # Process death
///
/// If the worker that runs the task dies, the result is [`TaskError::WorkerDied`]; no wait here
/// outlasts the pool.
///
/// # Example
///
/// ```
/// let pool = pool::ThreadPool::new(2)?;
/// let task = pool.submit(|a: u64, b: u64| a + b, (1, 2));
/// assert_eq!(task.get()?, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "AsyncResult")]
#[must_use = "a task whose handle is dropped runs, but nobody learns what came of it"]
pub struct Task<R> {
    outcome: Arc<dyn Outcome<R>>,
    host: Arc<dyn Host>,
}

impl<R> Task<R> {
    pub(crate) fn new(outcome: Arc<dyn Outcome<R>>, host: Arc<dyn Host>) -> Task<R> {
        Task { outcome, host }
    }

    pub(super) fn ended(&self) -> &End {
        self.outcome.job().ended()
    }

    pub(super) fn take(&self) -> Result<R, TaskError> {
        self.outcome.take()
    }

    /// Waits for the task and takes its result.
    ///
    /// # Errors
    ///
    /// Why there is no result.
    #[doc(alias = "result")]
    pub fn get(self) -> Result<R, TaskError> {
        self.ended().wait();
        self.take()
    }

    /// The same, for at most this long. `None` if the task is not done by then; the result can be
    /// taken later. Once it was taken, what comes is an error.
    pub fn get_timeout(&mut self, timeout: Duration) -> Option<Result<R, TaskError>> {
        // A time too far to be told is as good as never.
        let deadline = Instant::now().checked_add(timeout);
        self.ended().wait_until(deadline).then(|| self.take())
    }

    /// Whether there is a result, or an error in its place.
    #[doc(alias = "ready")]
    pub fn is_done(&self) -> bool {
        self.ended().has_come()
    }

    /// Gives the task up. Says whether it is [`TaskError::Cancelled`] by that; otherwise it was done
    /// already, or it cannot be stopped.
    ///
    /// | the task | in a `ProcessPool` | in a `ThreadPool` |
    /// |---|---|---|
    /// | waits | never runs: `true` | never runs: `true` |
    /// | runs | its worker is killed, and no other: `true` | **goes on to its end, for a thread cannot be stopped: `false`**, and its result comes |
    /// | is done | keeps its result: `false` | keeps its result: `false` |
    ///
    /// Of a call of many items, those that wait never run, and those that run are killed with their
    /// workers. On threads they go on, but nobody waits for them: it is `true` as long as there was
    /// an item left that had not begun.
    pub fn cancel(&self) -> bool {
        self.host.cancel(self.outcome.job())
    }

    /// Has `f` called with the result as soon as there is one; at once, on this thread, if there is
    /// one already. [Python's `callback` and `add_done_callback`]
    ///
    /// In a `ThreadPool` it is called on the worker's thread, or on the one that looks at the clock if the
    /// task took too long; in a `ProcessPool` on a thread that calls all of them one after the other. It
    /// may take its time, submit tasks and terminate the pool. If it panics, that is all that happens: the
    /// panic hook reports it.
    #[doc(alias = "add_done_callback")]
    pub fn on_done(self, f: impl FnOnce(Result<R, TaskError>) + Send + 'static)
    where
        R: Send + 'static,
    {
        let outcome = Arc::clone(&self.outcome);
        let callback = move || f(outcome.take());
        if self.is_done() {
            return call_quietly(callback);
        }
        let host = Arc::clone(&self.host);
        self.ended().then(Box::new(move || host.defer(Box::new(callback))));
    }
}

/// Ready once the task is done. Polled again after that, it is an error.
impl<R> Future for Task<R> {
    type Output = Result<R, TaskError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.ended().wake(context.waker()) { Poll::Ready(self.take()) } else { Poll::Pending }
    }
}

impl<R> fmt::Debug for Task<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("is_done", &self.is_done()).finish_non_exhaustive()
    }
}
