//! A call that its pool has taken on.

use std::fmt;
use std::sync::Arc;

use super::chunk::CallId;
use super::job::Job;
use super::quiet::drop_quietly;
use crate::error::TaskError;

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

    /// It has a place among the calls of its pool. Says whether it has ended already.
    pub(super) fn place(&self, call: CallId) -> bool {
        self.job().ended().place(call)
    }

    /// Ends the call.
    pub(crate) fn end(mut self, verdict: TaskError) {
        self.finish(verdict);
    }

    /// Gives the call up, whatever still comes of it.
    pub(crate) fn cancel(mut self) {
        if let Some(job) = self.0.take() {
            job.cancel();
            drop_quietly(job);
        }
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

/// Ends calls with an error for what has no result.
pub(crate) fn end_all<J: ?Sized + Job>(tickets: Vec<Ticket<J>>, verdict: &TaskError) {
    for ticket in tickets {
        ticket.end(verdict.clone());
    }
}
