//! `wait_all`: until several tasks are done.

use std::time::{Duration, Instant};

use super::handle::Task;

/// Waits until all of these tasks are done, however they ended, or for at most `timeout` if it is
/// given. Says whether they are. No result is taken. [Python's `concurrent.futures.wait`]
///
/// To look at each result as it comes use [`as_completed`](crate::as_completed).
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// let pool = pool::ThreadPool::new(2)?;
/// let tasks: Vec<_> = (0..5).map(|n: u64| pool.submit(|n: u64| n * n, n)).collect();
/// assert!(pool::wait_all(&tasks, Duration::from_secs(60)));
/// assert!(tasks.iter().all(|task| task.is_done()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "wait")]
pub fn wait_all<R>(tasks: &[Task<R>], timeout: impl Into<Option<Duration>>) -> bool {
    // A time too far to be told is as good as never.
    let deadline = timeout.into().and_then(|timeout| Instant::now().checked_add(timeout));
    tasks.iter().all(|task| task.ended().wait_until(deadline))
}
