//! One call of the pool's user, with its items and what came of them.
//!
//! Workers and supervisors see a call without its types (the traits [`Job`] and those of the
//! backends); who waits for its results sees nothing but their type ([`Results`]).

use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::error::TaskError;

/// A call without its types.
pub(crate) trait Job: Send + Sync + 'static {
    /// How many items it has.
    fn len(&self) -> usize;

    /// Whether items that have not begun are skipped once one has failed.
    fn stops_at_failure(&self) -> bool;

    /// The item has no result but this.
    fn fail(&self, index: usize, error: TaskError);

    /// From now on nothing of it is begun.
    fn stop(&self);

    /// All that could be done is done; an item without a result has this one. Only the first such
    /// word counts.
    fn end(&self, verdict: TaskError);
}

/// The results of a call.
pub(crate) trait Results<R>: Send + Sync {
    /// Its end, to wait for.
    fn ended(&self) -> &End;

    /// How many there are.
    fn count(&self) -> usize;

    /// Takes one, once the call has ended. `None` if the item came to nothing: then the verdict on
    /// the call is all there is.
    fn take(&self, index: usize) -> Option<Result<R, TaskError>>;
}

/// One call: what is to be called, on which items, and what came of it.
pub(crate) struct Batch<F, A, M, R> {
    pub(crate) function: F,
    slots: Box<[Mutex<Slot<A, R>>]>,
    stops_at_failure: bool,
    stopped: AtomicBool,
    end: End,
    _marker: PhantomData<fn() -> M>,
}

/// An item.
enum Slot<A, R> {
    Waiting(A),
    Taken,
    Done(R),
    Failed(Box<TaskError>),
}

impl<F, A, M, R> Batch<F, A, M, R> {
    pub(crate) fn new(
        function: F,
        items: impl IntoIterator<Item = A>,
        stops_at_failure: bool,
    ) -> Self {
        let slots = items.into_iter().map(|item| Mutex::new(Slot::Waiting(item))).collect();
        let (stopped, end) = (AtomicBool::new(false), End::default());
        Self { function, slots, stops_at_failure, stopped, end, _marker: PhantomData }
    }

    fn slot(&self, index: usize) -> MutexGuard<'_, Slot<A, R>> {
        self.slots[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an item that has not begun.
    pub(crate) fn begin(&self, index: usize) -> Option<A> {
        let mut slot = self.slot(index);
        match std::mem::replace(&mut *slot, Slot::Taken) {
            Slot::Waiting(item) => Some(item),
            other => {
                *slot = other;
                None
            }
        }
    }

    /// Looks at an item that has no result yet.
    pub(crate) fn look<T>(&self, index: usize, look: impl FnOnce(&A) -> T) -> Option<T> {
        match &*self.slot(index) {
            Slot::Waiting(item) => Some(look(item)),
            _ => None,
        }
    }

    /// The item has a result. Says whether it is a success.
    pub(crate) fn settle(&self, index: usize, result: Result<R, TaskError>) -> bool {
        let success = result.is_ok();
        let settled = match result {
            Ok(value) => Slot::Done(value),
            Err(error) => Slot::Failed(Box::new(error)),
        };
        let before = std::mem::replace(&mut *self.slot(index), settled);
        drop_quietly(before);
        success
    }

    /// Whether nothing of it is to be begun any more.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Relaxed)
    }
}

impl<F, A, M, R> Job for Batch<F, A, M, R>
where
    F: Send + Sync + 'static,
    A: Send + 'static,
    M: 'static,
    R: Send + 'static,
{
    fn len(&self) -> usize {
        self.slots.len()
    }

    fn stops_at_failure(&self) -> bool {
        self.stops_at_failure
    }

    fn fail(&self, index: usize, error: TaskError) {
        self.settle(index, Err(error));
    }

    fn stop(&self) {
        self.stopped.store(true, Relaxed);
    }

    fn end(&self, verdict: TaskError) {
        self.stop();
        self.end.set(verdict);
    }
}

impl<F, A, M, R> Results<R> for Batch<F, A, M, R>
where
    F: Send + Sync,
    A: Send,
    R: Send,
{
    fn ended(&self) -> &End {
        &self.end
    }

    fn count(&self) -> usize {
        self.slots.len()
    }

    fn take(&self, index: usize) -> Option<Result<R, TaskError>> {
        match std::mem::replace(&mut *self.slot(index), Slot::Taken) {
            Slot::Done(value) => Some(Ok(value)),
            Slot::Failed(error) => Some(Err(*error)),
            Slot::Waiting(_) | Slot::Taken => None,
        }
    }
}

/// The end of a call.
#[derive(Debug, Default)]
pub(crate) struct End {
    verdict: Mutex<Option<TaskError>>,
    come: Condvar,
}

impl End {
    fn set(&self, verdict: TaskError) {
        self.lock().get_or_insert(verdict);
        self.come.notify_all();
    }

    /// What an item has that got no result of its own.
    pub(crate) fn verdict(&self) -> TaskError {
        self.lock().clone().unwrap_or(TaskError::Cancelled)
    }

    pub(crate) fn has_come(&self) -> bool {
        self.lock().is_some()
    }

    /// Sleeps until it has come.
    pub(crate) fn wait(&self) {
        let mut verdict = self.lock();
        while verdict.is_none() {
            verdict = self.come.wait(verdict).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The same, until the deadline. Says whether it has come.
    pub(crate) fn wait_until(&self, deadline: Instant) -> bool {
        let mut verdict = self.lock();
        while verdict.is_none() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let woken = self.come.wait_timeout(verdict, left);
            verdict = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, Option<TaskError>> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that its pool has taken on. Whatever becomes of the pool, the call ends, at the latest
/// when this is dropped.
pub(crate) struct Ticket<J: ?Sized + Job>(Option<Arc<J>>);

impl<J: ?Sized + Job> Ticket<J> {
    pub(crate) fn new(job: Arc<J>) -> Self {
        Self(Some(job))
    }

    pub(crate) fn job(&self) -> &Arc<J> {
        self.0.as_ref().expect("only `end` and the drop take it out")
    }

    /// Ends the call.
    pub(crate) fn end(mut self, verdict: TaskError) {
        self.finish(verdict);
    }

    fn finish(&mut self, verdict: TaskError) {
        if let Some(job) = self.0.take() {
            job.end(verdict);
            drop_quietly(job);
        }
    }
}

impl<J: ?Sized + Job> Drop for Ticket<J> {
    fn drop(&mut self) {
        self.finish(TaskError::Closed);
    }
}

impl<J: ?Sized + Job> fmt::Debug for Ticket<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").finish_non_exhaustive()
    }
}

/// Drops what is the user's. A panic there has been reported by the panic hook; it must not take a
/// worker or a supervisor along.
pub(crate) fn drop_quietly<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        // Its own drop may panic again.
        std::mem::forget(payload);
    }
}
