//! `imap` and `imap_unordered`: lazy in, lazy out.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proc_spawn::Panic;

use super::completions::Completions;
use super::host::Host;
use crate::call::{Results, drop_quietly};
use crate::error::TaskError;
use crate::gauge::Gauge;

/// Submits a chunk, before which came so many items.
type Submit<'p, A, R> = Box<dyn Fn(usize, Vec<A>) -> Arc<dyn Results<R>> + Send + Sync + 'p>;

/// Where the items come from and go to.
pub(crate) struct Feed<'p, I: Iterator, R> {
    /// Gone once there are no more items.
    items: Option<I>,
    submit: Submit<'p, I::Item, R>,
    host: Arc<dyn Host>,
    gauge: Gauge,
    /// Items that were taken in.
    taken: usize,
    chunk: usize,
    /// How many chunks are submitted and not taken out.
    window: usize,
    /// What the iterator of the items came to, to be told last.
    broken: Option<TaskError>,
}

impl<'p, I: Iterator, R> Feed<'p, I, R> {
    pub(crate) fn new(
        items: I,
        submit: Submit<'p, I::Item, R>,
        host: Arc<dyn Host>,
        gauge: Gauge,
        (chunk, workers): (usize, usize),
    ) -> Self {
        let window = workers.saturating_mul(CHUNKS_AHEAD).max(1);
        let (items, taken, broken) = (Some(items), 0, None);
        Feed { items, submit, host, gauge, taken, chunk, window, broken }
    }

    /// The next chunk's results, if there is one.
    fn next(&mut self) -> Option<Arc<dyn Results<R>>> {
        let mut chunk = Vec::new();
        while chunk.len() < self.chunk {
            let Some(items) = &mut self.items else { break };
            match Panic::catch(AssertUnwindSafe(|| items.next())) {
                Ok(Some(item)) => chunk.push(item),
                Ok(None) => self.stop(),
                Err(panic) => {
                    self.stop();
                    self.broken = Some(TaskError::Panicked(panic));
                }
            }
        }
        if chunk.is_empty() {
            return None;
        }
        let first = self.taken;
        self.taken += chunk.len();
        Some((self.submit)(first, chunk))
    }

    /// Takes nothing more in.
    fn stop(&mut self) {
        drop_quietly(self.items.take());
    }

    /// Takes the results of a chunk out.
    fn collect(&mut self, results: &dyn Results<R>, to: &mut VecDeque<Result<R, TaskError>>) {
        results.take_all(&mut |result| {
            to.push_back(result.unwrap_or_else(|| {
                // The pool has ended. No item after this one would be run.
                self.stop();
                Err(results.ended().verdict())
            }));
            ControlFlow::Continue(())
        });
    }
}

impl<I: Iterator, R> Drop for Feed<'_, I, R> {
    fn drop(&mut self) {
        self.gauge.finish();
    }
}

/// Chunks that are submitted for each worker before the first result is taken out.
const CHUNKS_AHEAD: usize = 4;

/// The results of [`imap`](crate::ThreadPool::imap), in the order of the items, or of
/// [`imap_unordered`](crate::ThreadPool::imap_unordered), in the order in which they come.
///
/// Items are taken from their iterator as results are taken out of this one: at any time four chunks to a
/// worker are on their way, so an endless iterator is fine. Whatever an item comes to, the
/// next ones follow. If the iterator of the items panics, that is the last error, after the results of
/// the items that came before. Dropping this cancels what has not been taken out.
#[must_use = "nothing is taken from the items but what the first chunks need"]
pub struct Imap<'p, I: Iterator, R> {
    feed: Feed<'p, I, R>,
    /// The chunks that are on their way, by the order in which they were submitted.
    pending: BTreeMap<usize, Arc<dyn Results<R>>>,
    submitted: usize,
    /// Which of them are done, where that is the order of the results.
    completions: Option<Arc<Completions>>,
    ready: VecDeque<Result<R, TaskError>>,
}

impl<'p, I: Iterator, R> Imap<'p, I, R> {
    pub(crate) fn new(feed: Feed<'p, I, R>, in_order: bool) -> Self {
        let completions = (!in_order).then(Arc::default);
        let (pending, ready) = Default::default();
        let mut imap = Imap { feed, pending, submitted: 0, completions, ready };
        imap.fill();
        imap
    }

    fn fill(&mut self) {
        while self.pending.len() < self.feed.window {
            let Some(results) = self.feed.next() else { return };
            if let Some(completions) = &self.completions {
                completions.watch(self.submitted, results.ended());
            }
            self.pending.insert(self.submitted, results);
            self.submitted += 1;
        }
    }

    /// The next result, if it comes within this time: `None` if it does not, and no result is lost by
    /// that; `Some(None)` if there are no more.
    pub fn next_timeout(&mut self, timeout: Duration) -> Option<Option<Result<R, TaskError>>> {
        self.next_until(Instant::now().checked_add(timeout))
    }

    fn next_until(&mut self, deadline: Option<Instant>) -> Option<Option<Result<R, TaskError>>> {
        loop {
            if let Some(result) = self.ready.pop_front() {
                return Some(Some(result));
            }
            self.fill();
            let Some((&first, results)) = self.pending.first_key_value() else {
                return Some(self.feed.broken.take().map(Err));
            };
            let number = match &self.completions {
                Some(completions) => completions.next(deadline)?,
                None => results.ended().wait_until(deadline).then_some(first)?,
            };
            if let Some(results) = self.pending.remove(&number) {
                self.feed.collect(&*results, &mut self.ready);
            }
        }
    }
}

impl<I: Iterator, R> Iterator for Imap<'_, I, R> {
    type Item = Result<R, TaskError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_until(None).flatten()
    }
}

impl<I: Iterator, R> Drop for Imap<'_, I, R> {
    fn drop(&mut self) {
        for results in self.pending.values() {
            self.feed.host.cancel(&**results);
        }
    }
}

impl<I: Iterator, R> fmt::Debug for Imap<'_, I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Imap").field("pending", &self.pending.len()).finish_non_exhaustive()
    }
}
