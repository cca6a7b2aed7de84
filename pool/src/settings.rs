//! What a pool is told when it is made, whatever its workers are.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use proc_spawn::StartMethod;

use crate::event::Events;
use crate::gauge::Gauges;

/// What the builder has collected for the workers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    pub(crate) workers: usize,
    /// The workers are `name-0`, `name-1` and so on.
    pub(crate) name: String,
    /// How long an item may run.
    pub(crate) timeout: Option<Duration>,
    /// How often an item whose worker died is begun anew.
    pub(crate) retries: u32,
    /// Chunks to a worker before another takes its place.
    pub(crate) max_tasks: Option<usize>,
    pub(crate) memory_limit: Option<u64>,
    pub(crate) start_method: Option<StartMethod>,
    pub(crate) events: Events,
    /// Somebody watches how calls come along.
    pub(crate) watched: bool,
}

impl Settings {
    /// Whether it matters when the items of a chunk are done, and not only when all are.
    pub(crate) fn prompt(&self) -> bool {
        self.timeout.is_some() || self.watched
    }
}

/// How the user names items in words, if it is an item of the type that the function is for.
#[derive(Clone)]
pub(crate) struct Describe(Arc<Text>);

type Text = dyn Fn(&dyn Any) -> Option<String> + Send + Sync;

impl Describe {
    pub(crate) fn new<A: 'static>(f: impl Fn(&A) -> String + Send + Sync + 'static) -> Describe {
        Describe(Arc::new(move |item| item.downcast_ref().map(&f)))
    }

    /// The text. A panic of the user's function gives none.
    pub(crate) fn text(&self, item: &dyn Any) -> Option<String> {
        let mut text = None;
        crate::call::call_quietly(|| text = (self.0)(item));
        text
    }
}

impl fmt::Debug for Describe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Describe").finish_non_exhaustive()
    }
}

/// What the builder has collected for calls.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallSettings {
    pub(crate) chunk_size: Option<usize>,
    pub(crate) describe: Option<Describe>,
    pub(crate) events: Events,
    pub(crate) gauges: Gauges,
}
