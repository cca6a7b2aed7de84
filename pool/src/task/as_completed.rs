//! `as_completed`: results in the order in which they come.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::completions::Completions;
use super::handle::Task;
use crate::error::TaskError;

/// The results of tasks, of one or several pools, in the order in which they come: each with the
/// place of its task among `tasks`. [Python's `concurrent.futures.as_completed`]
///
/// To wait for all of them use [`wait_all`](crate::wait_all).
///
/// # Example
///
/// ```
/// let pool = pool::ThreadPool::new(2)?;
/// let tasks = (0..5).map(|n: u64| pool.submit(|n: u64| n * n, n));
/// let mut sum = 0;
/// for (index, result) in pool::as_completed(tasks) {
///     assert_eq!(result, Ok((index * index) as u64));
///     sum += index;
/// }
/// assert_eq!(sum, 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn as_completed<R>(tasks: impl IntoIterator<Item = Task<R>>) -> AsCompleted<R> {
    let completions = Arc::new(Completions::default());
    let tasks: Vec<_> = tasks.into_iter().map(Some).collect();
    for (index, task) in tasks.iter().flatten().enumerate() {
        completions.watch(index, task.ended());
    }
    AsCompleted { completions, left: tasks.len(), tasks }
}

/// The iterator that [`as_completed`] returns. Dropping it leaves the tasks to themselves.
#[must_use = "an iterator does nothing by itself"]
pub struct AsCompleted<R> {
    completions: Arc<Completions>,
    tasks: Vec<Option<Task<R>>>,
    left: usize,
}

impl<R> AsCompleted<R> {
    /// The next result, if it comes within this time: `None` if it does not, and no result is lost by
    /// that; `Some(None)` if there are no more.
    pub fn next_timeout(
        &mut self,
        timeout: Duration,
    ) -> Option<Option<(usize, Result<R, TaskError>)>> {
        self.next_until(Instant::now().checked_add(timeout))
    }

    fn next_until(
        &mut self,
        deadline: Option<Instant>,
    ) -> Option<Option<(usize, Result<R, TaskError>)>> {
        if self.left == 0 {
            return Some(None);
        }
        let index = self.completions.next(deadline)?;
        self.left -= 1;
        Some(self.tasks[index].take().map(|task| (index, task.take())))
    }
}

impl<R> Iterator for AsCompleted<R> {
    type Item = (usize, Result<R, TaskError>);

    fn next(&mut self) -> Option<Self::Item> {
        self.next_until(None).flatten()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<R> ExactSizeIterator for AsCompleted<R> {}

impl<R> fmt::Debug for AsCompleted<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted").field("left", &self.left).finish_non_exhaustive()
    }
}
