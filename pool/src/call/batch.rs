//! One call of the pool's user, with its items and what came of them.
//!
//! Workers and supervisors see a call without its types (the traits [`Job`] and those of the
//! backends); who waits for its results sees nothing but their type ([`Results`]).

use std::any::Any;
use std::marker::PhantomData;
use std::ops::{ControlFlow, Range};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use ipc::DecodeError;
use proc_spawn::Panic;

use super::end::End;
use super::job::{Job, Results};
use super::slots::{Slot, Slots};
use crate::error::TaskError;
use crate::event::{Event, Events};
use crate::executor::TaskKey;
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
    /// Whoever waits looks for the end before it sleeps.
    pub(crate) looks: bool,
    /// How many items of the same `imap` came before it.
    pub(crate) first: usize,
    /// By what its one item is known already.
    pub(crate) key: Option<TaskKey>,
}

/// One call: what is to be called, on which items, and what came of it.
pub(crate) struct Batch<F, A, M, R> {
    pub(crate) function: Arc<F>,
    slots: Slots<A, R>,
    mode: Mode,
    stopped: AtomicBool,
    end: End,
    _marker: PhantomData<fn() -> M>,
}

impl<F, A, M, R> Batch<F, A, M, R> {
    pub(crate) fn new(function: Arc<F>, slots: Slots<A, R>, mode: Mode) -> Self {
        let (stopped, end) = (AtomicBool::new(false), End::new(mode.looks));
        Self { function, slots, mode, stopped, end, _marker: PhantomData }
    }

    /// Takes an item that has not begun, unless the call is stopped.
    pub(crate) fn begin(&self, index: usize) -> Option<A>
    where
        A: Any,
    {
        let item = self.slots.at(index, |slot| {
            // Within the lock, so that a stop that finds the item waiting is in time.
            if self.is_stopped() {
                return None;
            }
            match std::mem::replace(slot, Slot::Taken(None)) {
                Slot::Waiting(item) => Some(item),
                other => {
                    *slot = other;
                    None
                }
            }
        })?;
        if let Some(text) = self.text(&item) {
            self.slots.at(index, |slot| *slot = Slot::Taken(Some(Box::new(text))));
        }
        Some(item)
    }

    /// Puts an item back that was taken and has not begun after all.
    pub(crate) fn put_back(&self, index: usize, item: A) {
        self.slots.at(index, |slot| *slot = Slot::Waiting(item));
    }

    /// Looks at items that have no result yet, one after the other, until `look` fails. It is given
    /// `None` where there is none any more.
    ///
    /// The user's code runs in there, as in [`settle_all`](Self::settle_all), under the lock of the items: what it
    /// calls must not come back to them on this thread.
    pub(crate) fn look<E>(
        &self,
        items: Range<usize>,
        mut look: impl FnMut(Option<&A>) -> Result<(), E>,
    ) -> Result<(), E> {
        let each = |slot: &mut Slot<A, R>| {
            let item = if let Slot::Waiting(item) = slot { Some(&*item) } else { None };
            look(item).map_or_else(ControlFlow::Break, ControlFlow::Continue)
        };
        match self.slots.each(items, each) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(error),
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
                    let (index, item) = self.name_of(index);
                    Event::TaskFailed { index, item, error: error.clone() }
                });
                Slot::Failed(Box::new(error))
            }
        };
        let before = self.slots.at(index, |slot| std::mem::replace(slot, settled));
        before.drop_quietly();
        self.mode.gauge.advance(1);
        success
    }

    /// These items have the results that `next` reads, one after the other, until there are no more or one
    /// cannot be read. Says how many there were, and whether the last of them is a failure.
    pub(crate) fn settle_all(
        &self,
        items: Range<usize>,
        mut next: impl FnMut() -> Option<Result<R, DecodeError>>,
    ) -> (usize, bool)
    where
        A: Any,
    {
        let (start, mut settled, mut failed) = (items.start, 0, None);
        let each = |slot: &mut Slot<A, R>| {
            match next() {
                Some(Ok(value)) => std::mem::replace(slot, Slot::Done(value)).drop_quietly(),
                Some(Err(error)) => return ControlFlow::Break(Some(error)),
                None => return ControlFlow::Break(None),
            }
            settled += 1;
            ControlFlow::Continue(())
        };
        // The results' own code runs in there. Caught here and not around each, it costs nothing.
        match Panic::catch(AssertUnwindSafe(|| self.slots.each(items, each))) {
            Ok(ControlFlow::Break(Some(error))) => failed = Some(error),
            Ok(_) => {}
            Err(panic) => failed = Some(DecodeError::new(panic)),
        }
        self.mode.gauge.advance(settled);
        let Some(error) = failed else { return (settled, false) };
        self.settle(start + settled, Err(TaskError::Decode(error)));
        (settled + 1, true)
    }

    /// By what its one item is known already.
    pub(crate) fn key(&self) -> Option<TaskKey> {
        self.mode.key
    }

    /// Whether nothing of it is to be begun any more.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Relaxed)
    }

    /// Where the item stands, and what the user calls it.
    fn name_of(&self, index: usize) -> (usize, Option<String>)
    where
        A: Any,
    {
        let text = self.slots.at(index, |slot| match slot {
            Slot::Waiting(item) => self.text(item),
            Slot::Taken(text) => text.as_deref().cloned(),
            Slot::Done(_) | Slot::Failed(_) => None,
        });
        (self.mode.first + index, text)
    }

    /// What the user calls this item.
    fn text(&self, item: &A) -> Option<String>
    where
        A: Any,
    {
        self.mode.describe.as_ref().and_then(|describe| describe.text(item))
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
        let each = |slot: &mut Slot<A, R>| match slot {
            Slot::Waiting(_) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        self.slots.each(0..self.slots.len(), each).is_break()
    }

    fn name(&self, index: usize) -> (usize, Option<String>) {
        self.name_of(index)
    }

    fn ended(&self) -> &End {
        &self.end
    }

    fn end(&self, verdict: TaskError) {
        self.stop();
        // Before whoever waits goes on: a bar is not drawn into what they print.
        self.mode.gauge.finish();
        self.end.set(verdict);
    }

    fn cancel(&self) -> bool {
        self.stop();
        self.mode.gauge.finish();
        self.end.cancel()
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
        self.slots.at(index, Slot::take)
    }

    fn take_all(&self, to: &mut dyn FnMut(Option<Result<R, TaskError>>) -> ControlFlow<()>) {
        let _ = self.slots.each(0..self.slots.len(), |slot| to(slot.take()));
    }
}
