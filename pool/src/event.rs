//! What happens in a pool, told as it happens.

use std::fmt;
use std::sync::Arc;

use crate::call::call_quietly;
use crate::error::{TaskError, how};

/// Something that happened in a pool. See [`Builder::on_event`](crate::Builder::on_event).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A worker was started. It has yet to run the initializer.
    #[non_exhaustive]
    WorkerStarted {
        /// The number of its place in the pool, from 0.
        worker: usize,
        /// The process it runs in.
        pid: u32,
    },
    /// A worker has ended, or a thread was abandoned.
    #[non_exhaustive]
    WorkerEnded {
        /// The number of its place in the pool, from 0.
        worker: usize,
        /// The process it ran in.
        pid: u32,
        /// The signal that killed it, or what stands for one, as in [`TaskError::WorkerDied`].
        signal: Option<i32>,
        /// The code it exited with, if it did.
        exitcode: Option<i32>,
    },
    /// A worker died of a task, which will be begun anew.
    #[non_exhaustive]
    TaskRetried {
        /// Where the item stands in its call, from 0.
        index: usize,
        /// The item's text, if the pool was given a function that describes it.
        item: Option<String>,
        /// How often it has been begun.
        attempts: u32,
        /// What it would have failed with.
        error: TaskError,
    },
    /// A task has failed. One that was cancelled is not told of, nor are those of a pool that ended.
    #[non_exhaustive]
    TaskFailed {
        /// Where the item stands in its call, from 0.
        index: usize,
        /// The item's text, if the pool was given a function that describes it.
        item: Option<String>,
        /// Why.
        error: TaskError,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::WorkerStarted { worker, pid } => {
                write!(f, "worker {worker} was started as process {pid}")
            }
            Event::WorkerEnded { worker, pid, signal, exitcode } => {
                write!(f, "worker {worker}, process {pid}, {}", how(*signal, *exitcode))
            }
            Event::TaskRetried { index, item, attempts, error } => {
                let item = Item { index: *index, text: item.as_deref() };
                write!(f, "{item} is begun anew after attempt {attempts}: {error}")
            }
            Event::TaskFailed { index, item, error } => {
                write!(f, "{} failed: {error}", Item { index: *index, text: item.as_deref() })
            }
        }
    }
}

/// An item in words.
pub(crate) struct Item<'a> {
    pub(crate) index: usize,
    pub(crate) text: Option<&'a str>,
}

impl fmt::Display for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "item {}", self.index)?;
        self.text.map_or(Ok(()), |text| write!(f, " ({text})"))
    }
}

/// Who is told.
#[derive(Clone, Default)]
pub(crate) struct Events(Option<Arc<dyn Fn(Event) + Send + Sync>>);

impl Events {
    pub(crate) fn to(listener: impl Fn(Event) + Send + Sync + 'static) -> Events {
        Events(Some(Arc::new(listener)))
    }

    /// Tells. A listener that panics is the listener's matter.
    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if let Some(listener) = &self.0 {
            let event = event();
            call_quietly(|| listener(event));
        }
    }

    pub(crate) fn is_heard(&self) -> bool {
        self.0.is_some()
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Events").field(&self.is_heard()).finish()
    }
}
