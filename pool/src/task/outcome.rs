//! What a call comes to, of one item or of many.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::call::{Batch, Job, Results};
use crate::error::TaskError;

/// What a task comes to.
pub(crate) trait Outcome<R>: Send + Sync {
    /// The call.
    fn job(&self) -> &dyn Job;

    /// Takes it, once the call has ended.
    fn take(&self) -> Result<R, TaskError>;
}

/// A call of one item.
impl<F, A, M, R> Outcome<R> for Batch<F, A, M, R>
where
    F: Send + Sync + 'static,
    A: Send + 'static,
    M: 'static,
    R: Send + 'static,
{
    fn job(&self) -> &dyn Job {
        self
    }

    fn take(&self) -> Result<R, TaskError> {
        if self.ended().was_cancelled() {
            return Err(TaskError::Cancelled);
        }
        Results::take(self, 0).unwrap_or_else(|| Err(self.ended().verdict()))
    }
}

/// A call of many items that stops at its first failure.
pub(crate) struct Many<R>(pub(crate) Arc<dyn Results<R>>);

impl<R: Send> Outcome<Vec<R>> for Many<R> {
    fn job(&self) -> &dyn Job {
        &*self.0
    }

    fn take(&self) -> Result<Vec<R>, TaskError> {
        all(&*self.0)
    }
}

/// Waits for a call that stops at its first failure. The error is that of the failed item with the
/// lowest index.
pub(crate) fn all<R>(results: &dyn Results<R>) -> Result<Vec<R>, TaskError> {
    results.ended().wait();
    if results.ended().was_cancelled() {
        return Err(TaskError::Cancelled);
    }
    let (mut values, mut failed) = (Vec::with_capacity(results.len()), None);
    results.take_all(&mut |outcome| {
        match outcome {
            Some(Ok(value)) => values.push(value),
            Some(Err(error)) => failed = Some(error),
            // A skipped item is skipped here as well: there is a failed one, maybe after it.
            None => {}
        }
        if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    match failed {
        Some(error) => Err(error),
        None if values.len() == results.len() => Ok(values),
        None => Err(results.ended().verdict()),
    }
}

/// Waits for a call that does not.
pub(crate) fn each<R>(results: &dyn Results<R>) -> Vec<Result<R, TaskError>> {
    results.ended().wait();
    let mut outcomes = Vec::with_capacity(results.len());
    results.take_all(&mut |outcome| {
        outcomes.push(outcome.unwrap_or_else(|| Err(results.ended().verdict())));
        ControlFlow::Continue(())
    });
    outcomes
}
