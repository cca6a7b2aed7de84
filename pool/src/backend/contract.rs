//! What a pool asks of its workers, and what it does with any kind of them.

use std::sync::Arc;

use crate::batch::{Job, Ticket};
use crate::chunk::default_size;
use crate::stats::{PoolStats, Tally, stats};

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
}

/// A pool that runs. Dropping it closes it and waits for what was submitted.
#[derive(Debug)]
pub(crate) struct Running<B: Backend> {
    backend: B,
    chunk_size: Option<usize>,
}

impl<B: Backend> Running<B> {
    pub(crate) fn new(backend: B, chunk_size: Option<usize>) -> Self {
        Self { backend, chunk_size }
    }

    /// Submits a call of many items.
    pub(crate) fn submit_many(&self, job: Arc<B::Job>) {
        let workers = self.backend.tallies().len();
        let chunk = self.chunk_size.unwrap_or_else(|| default_size(job.len(), workers));
        self.backend.submit(Ticket::new(job), chunk);
    }

    /// Submits a call of one item.
    pub(crate) fn submit_one(&self, job: Arc<B::Job>) {
        self.backend.submit(Ticket::new(job), 1);
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
