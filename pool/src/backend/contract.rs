//! What a pool asks of its workers, and what it does with any kind of them.

use std::sync::Arc;

use proc_spawn::cpu_count;

use crate::call::{Job, Mode, Results, Slots, Ticket, default_size};
use crate::settings::CallSettings;
use crate::stats::{PoolStats, Tally, stats};
use crate::task::{Feed, Host};

/// Workers of one kind.
pub(crate) trait Backend: Sync {
    /// A call as these workers see it.
    type Job: ?Sized + Job;

    /// Whether who waits for them had better look for the end before it sleeps: they are other processes, near
    /// enough to be done by then.
    const LOOKS_FIRST: bool;

    /// Takes a call on, in chunks of this many items. Does not wait.
    fn submit(&self, ticket: Ticket<Self::Job>, chunk: usize);

    /// Takes no call on any more. Does not wait.
    fn close(&self);

    /// Ends every call as cancelled, and all workers. Does not wait.
    fn terminate(&self);

    /// Waits for the workers to end, which they do once the pool is closed. Called once.
    fn join(&mut self);

    /// How many there are.
    fn workers(&self) -> usize {
        self.tallies().len()
    }

    /// What is counted of each worker.
    fn tallies(&self) -> &[Tally];

    /// What tasks keep of the pool.
    fn host(&self) -> Arc<dyn Host>;
}

/// A call as its workers see it, and as those do who wait for its results.
pub(crate) type Made<J, R> = (Arc<J>, Arc<dyn Results<R>>);

/// A pool that runs. Dropping it closes it and waits for what was submitted.
#[derive(Debug)]
pub(crate) struct Running<B: Backend> {
    backend: B,
    settings: CallSettings,
    /// Who waits looks first, as a worker can do something meanwhile.
    looks: bool,
}

impl<B: Backend> Running<B> {
    pub(crate) fn new(backend: B, settings: CallSettings) -> Self {
        Self { backend, settings, looks: B::LOOKS_FIRST && cpu_count() > 1 }
    }

    /// What calls do besides calling.
    pub(crate) fn mode(&self, stops_at_failure: bool) -> Mode {
        let CallSettings { describe, events, .. } = &self.settings;
        let (describe, events) = (describe.clone(), events.clone());
        let looks = self.looks;
        Mode { stops_at_failure, describe, events, looks, ..Mode::default() }
    }

    /// Submits a call of many items.
    pub(crate) fn call<A, R>(
        &self,
        items: impl Iterator<Item = A>,
        stops_at_failure: bool,
        make: impl FnOnce(Slots<A, R>, Mode) -> Made<B::Job, R>,
    ) -> Arc<dyn Results<R>> {
        let gauge = self.settings.gauges.gauge(items.size_hint().1);
        let (job, results) = make(Slots::new(items), Mode { gauge, ..self.mode(stops_at_failure) });
        let chunk = self.settings.chunk_size;
        let chunk = chunk.unwrap_or_else(|| default_size(job.len(), self.workers()));
        self.backend.submit(Ticket::new(job), chunk);
        results
    }

    /// What an `imap` goes by: each of its chunks is a call of its own.
    pub(crate) fn feed<'p, I: Iterator, R>(
        &'p self,
        items: I,
        make: impl Fn(Slots<I::Item, R>, Mode) -> Made<B::Job, R> + Send + Sync + 'p,
    ) -> Feed<'p, I, R> {
        let gauge = self.settings.gauges.gauge(None);
        let mode = Mode { gauge: gauge.of_part(), ..self.mode(false) };
        let submit = move |first, items| {
            let (job, results) = make(Slots::new(items), Mode { first, ..mode.clone() });
            self.submit_one(job);
            results
        };
        let chunk = self.settings.chunk_size.unwrap_or(1);
        Feed::new(items, Box::new(submit), self.host(), gauge, (chunk, self.workers()))
    }

    /// Submits a call of one item, or of one chunk.
    pub(crate) fn submit_one(&self, job: Arc<B::Job>) {
        let chunk = job.len();
        self.backend.submit(Ticket::new(job), chunk);
    }

    pub(crate) fn host(&self) -> Arc<dyn Host> {
        self.backend.host()
    }

    pub(crate) fn workers(&self) -> usize {
        self.backend.workers()
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
