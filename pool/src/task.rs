//! What a caller keeps of what it submitted.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::batch::Results;
use crate::error::TaskError;

/// A task that was submitted, and its result once there is one. [Python's `AsyncResult`]
///
/// Dropping it leaves the task to itself: it still runs.
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
    results: Arc<dyn Results<R>>,
}

impl<R> Task<R> {
    /// Of a call with one item.
    pub(crate) fn of(results: Arc<dyn Results<R>>) -> Task<R> {
        Task { results }
    }

    /// Waits for the task and takes its result.
    ///
    /// # Errors
    ///
    /// Why there is no result.
    pub fn get(self) -> Result<R, TaskError> {
        self.results.ended().wait();
        self.take()
    }

    /// The same, for at most this long. `None` if the task is not done by then; the result can be
    /// taken later. Once it was taken, what comes is an error.
    pub fn get_timeout(&mut self, timeout: Duration) -> Option<Result<R, TaskError>> {
        // A time too far to be told is as good as never.
        match Instant::now().checked_add(timeout) {
            Some(deadline) if !self.results.ended().wait_until(deadline) => return None,
            Some(_) => {}
            None => self.results.ended().wait(),
        }
        Some(self.take())
    }

    /// Whether there is a result, or an error in its place.
    #[doc(alias = "ready")]
    pub fn is_done(&self) -> bool {
        self.results.ended().has_come()
    }

    fn take(&self) -> Result<R, TaskError> {
        self.results.take(0).unwrap_or_else(|| Err(self.results.ended().verdict()))
    }
}

impl<R> fmt::Debug for Task<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("is_done", &self.is_done()).finish_non_exhaustive()
    }
}

/// Waits for a call that stops at its first failure. The error is that of the failed item with the
/// lowest index.
pub(crate) fn all<R>(results: &dyn Results<R>) -> Result<Vec<R>, TaskError> {
    results.ended().wait();
    let mut values = Vec::with_capacity(results.count());
    for index in 0..results.count() {
        // A skipped item is skipped here as well: there is a failed one, maybe after it.
        values.extend(results.take(index).transpose()?);
    }
    if values.len() == results.count() { Ok(values) } else { Err(results.ended().verdict()) }
}

/// Waits for a call that does not.
pub(crate) fn each<R>(results: &dyn Results<R>) -> Vec<Result<R, TaskError>> {
    results.ended().wait();
    let outcome = |index| match results.take(index) {
        Some(result) => result,
        None => Err(results.ended().verdict()),
    };
    (0..results.count()).map(outcome).collect()
}
