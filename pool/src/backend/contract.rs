//! What a pool asks of its workers, and what it does with any kind of them.

use std::sync::Arc;

use crate::call::{Job, Mode, Ticket, default_size};
use crate::gauge::Gauge;
use crate::settings::CallSettings;
use crate::stats::{PoolStats, Tally, stats};
use crate::task::Host;

/// Workers of one kind.
pub(crate) trait Backend {
    /// A call as these workers see it.
    type Job: ?Sized + Job;

    /// Takes a call on, in chunks of this many items. Does not wait.
    fn submit(&self, ticket: Ticket<Self::Job>, chunk: usize);

    /// Takes no call on any more. Does not wait.
    fn close(&self);

    /// Ends every call as cancelled, and all workers. Does not wait.
    fn terminate(&self);

    /// Waits for the workers to end, which they do once the pool is closed. Called once.
    fn join(&mut self);

    /// What is counted of each worker.
    fn tallies(&self) -> &[Tally];

    /// What tasks keep of the pool.
    fn host(&self) -> Arc<dyn Host>;
}

/// A pool that runs. Dropping it closes it and waits for what was submitted.
#[derive(Debug)]
pub(crate) struct Running<B: Backend> {
    backend: B,
    settings: CallSettings,
}

impl<B: Backend> Running<B> {
    pub(crate) fn new(backend: B, settings: CallSettings) -> Self {
        Self { backend, settings }
    }

    /// What calls do besides calling.
    pub(crate) fn mode(&self, stops_at_failure: bool) -> Mode {
        let CallSettings { describe, events, .. } = &self.settings;
        let (describe, events) = (describe.clone(), events.clone());
        Mode { stops_at_failure, describe, events, gauge: Gauge::default() }
    }

    /// The same for a call of many items, if it is known how many.
    pub(crate) fn mode_of_many(&self, stops_at_failure: bool, items: Option<usize>) -> Mode {
        Mode { gauge: self.settings.gauges.gauge(items), ..self.mode(stops_at_failure) }
    }

    /// Submits a call of many items.
    pub(crate) fn submit_many(&self, job: Arc<B::Job>) {
        let chunk = self.settings.chunk_size;
        let chunk = chunk.unwrap_or_else(|| default_size(job.len(), self.workers()));
        self.backend.submit(Ticket::new(job), chunk);
    }

    /// Submits a call of one item, or of one chunk.
    pub(crate) fn submit_one(&self, job: Arc<B::Job>) {
        let chunk = job.len();
        self.backend.submit(Ticket::new(job), chunk);
    }

    /// Items to a chunk of an iterator whose length nobody knows, and workers.
    pub(crate) fn lazy(&self) -> (usize, usize) {
        (self.settings.chunk_size.unwrap_or(1), self.workers())
    }

    pub(crate) fn host(&self) -> Arc<dyn Host> {
        self.backend.host()
    }

    pub(crate) fn workers(&self) -> usize {
        self.backend.tallies().len()
    }

    pub(crate) fn close(&self) {
        self.backend.close();
    }

    pub(crate) fn terminate(&self) {
        self.backend.terminate();
    }

    pub(crate) fn stats(&self) -> PoolStats {
        stats(self.backend.tallies())
    }
}

impl<B: Backend> Drop for Running<B> {
    fn drop(&mut self) {
        self.backend.close();
        self.backend.join();
    }
}
