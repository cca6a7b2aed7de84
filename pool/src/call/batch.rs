//! One call of the pool's user, with its items and what came of them.
//!
//! Workers and supervisors see a call without its types (the traits [`Job`] and those of the
//! backends); who waits for its results sees nothing but their type ([`Results`]).

use std::any::Any;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::end::End;
use super::job::{Job, Results};
use super::quiet::drop_quietly;
use crate::error::TaskError;
use crate::event::{Event, Events};
use crate::gauge::Gauge;
use crate::settings::Describe;

/// What a call is to do besides calling.
#[derive(Clone, Default)]
pub(crate) struct Mode {
    /// Items that have not begun are skipped once one has failed.
    pub(crate) stops_at_failure: bool,
    pub(crate) describe: Option<Describe>,
    pub(crate) events: Events,
    pub(crate) gauge: Gauge,
}

/// One call: what is to be called, on which items, and what came of it.
pub(crate) struct Batch<F, A, M, R> {
    pub(crate) function: Arc<F>,
    slots: Box<[Mutex<Slot<A, R>>]>,
    mode: Mode,
    stopped: AtomicBool,
    end: End,
    _marker: PhantomData<fn() -> M>,
}

/// An item.
enum Slot<A, R> {
    Waiting(A),
    /// With what the user calls it, if anybody is going to be told.
    #[expect(clippy::box_collection, reason = "few have a text, and all pay for its room")]
    Taken(Option<Box<String>>),
    Done(R),
    Failed(Box<TaskError>),
}

impl<F, A, M, R> Batch<F, A, M, R> {
    pub(crate) fn new(function: Arc<F>, items: impl IntoIterator<Item = A>, mode: Mode) -> Self {
        let slots = items.into_iter().map(|item| Mutex::new(Slot::Waiting(item))).collect();
        let (stopped, end) = (AtomicBool::new(false), End::default());
        Self { function, slots, mode, stopped, end, _marker: PhantomData }
    }

    fn slot(&self, index: usize) -> MutexGuard<'_, Slot<A, R>> {
        self.slots[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an item that has not begun, unless the call is stopped.
    pub(crate) fn begin(&self, index: usize) -> Option<A>
    where
        A: Any,
    {
        let mut slot = self.slot(index);
        // Within the slot's lock, so that a stop that finds the item waiting is in time.
        if self.is_stopped() {
            return None;
        }
        match std::mem::replace(&mut *slot, Slot::Taken(None)) {
            Slot::Waiting(item) => {
                *slot = Slot::Taken(self.text(&item).map(Box::new));
                Some(item)
            }
            other => {
                *slot = other;
                None
            }
        }
    }

    /// Puts an item back that was taken and has not begun after all.
    pub(crate) fn put_back(&self, index: usize, item: A) {
        *self.slot(index) = Slot::Waiting(item);
    }

    /// Looks at an item that has no result yet.
    pub(crate) fn look<T>(&self, index: usize, look: impl FnOnce(&A) -> T) -> Option<T> {
        match &*self.slot(index) {
            Slot::Waiting(item) => Some(look(item)),
            _ => None,
        }
    }

    /// The item has a result. Says whether it is a success.
    pub(crate) fn settle(&self, index: usize, result: Result<R, TaskError>) -> bool
    where
        A: Any,
    {
        let success = result.is_ok();
        let settled = match result {
            Ok(value) => Slot::Done(value),
            Err(error) => {
                self.mode.events.tell(|| {
                    let (item, error) = (self.text_of(index), error.clone());
                    Event::TaskFailed { index, item, error }
                });
                Slot::Failed(Box::new(error))
            }
        };
        let before = std::mem::replace(&mut *self.slot(index), settled);
        drop_quietly(before);
        self.mode.gauge.tick();
        success
    }

    /// Whether nothing of it is to be begun any more.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Relaxed)
    }

    /// What the user calls the item, if anybody is going to be told.
    fn text_of(&self, index: usize) -> Option<String>
    where
        A: Any,
    {
        match &*self.slot(index) {
            Slot::Waiting(item) => self.text(item),
            Slot::Taken(text) => text.as_deref().cloned(),
            Slot::Done(_) | Slot::Failed(_) => None,
        }
    }

    /// What the user calls this item, if anybody is going to be told.
    fn text(&self, item: &A) -> Option<String>
    where
        A: Any,
    {
        let heard = self.mode.events.is_heard();
        self.mode.describe.as_ref().filter(|_| heard).and_then(|describe| describe.text(item))
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
        self.mode.stops_at_failure
    }

    fn fail(&self, index: usize, error: TaskError) {
        self.settle(index, Err(error));
    }

    fn stop(&self) {
        self.stopped.store(true, Relaxed);
    }

    fn has_waiting(&self) -> bool {
        (0..self.slots.len()).any(|index| matches!(*self.slot(index), Slot::Waiting(_)))
    }

    fn describe(&self, index: usize) -> Option<String> {
        self.text_of(index)
    }

    fn ended(&self) -> &End {
        &self.end
    }

    fn end(&self, verdict: TaskError) {
        self.stop();
        self.end.set(verdict);
    }
}

impl<F, A, M, R> Results<R> for Batch<F, A, M, R>
where
    F: Send + Sync + 'static,
    A: Send + 'static,
    M: 'static,
    R: Send + 'static,
{
    fn take(&self, index: usize) -> Option<Result<R, TaskError>> {
        match std::mem::replace(&mut *self.slot(index), Slot::Taken(None)) {
            Slot::Done(value) => Some(Ok(value)),
            Slot::Failed(error) => Some(Err(*error)),
            Slot::Waiting(_) | Slot::Taken(_) => None,
        }
    }
}
