//! A call as those see it who do not know all of its types.

use std::ops::ControlFlow;

use super::end::End;
use crate::error::TaskError;

/// A call without its types, as workers and supervisors see it.
pub(crate) trait Job: Send + Sync {
    /// How many items it has.
    fn len(&self) -> usize;

    /// Whether items that have not begun are skipped once one has failed.
    fn stops_at_failure(&self) -> bool;

    /// The item has no result but this.
    fn fail(&self, index: usize, error: TaskError);

    /// From now on nothing of it is begun.
    fn stop(&self);

    /// Whether there is an item that has not begun. After `stop` a yes is final.
    fn has_waiting(&self) -> bool;

    /// Where the item stands among those that the user gave, and what the user calls it, as far as it is
    /// known.
    fn name(&self, index: usize) -> (usize, Option<String>);

    /// Its end, to wait for.
    fn ended(&self) -> &End;

    /// All that could be done is done; an item without a result has this one. Only the first such
    /// word counts.
    fn end(&self, verdict: TaskError);

    /// The same by somebody's wish. Says whether it had not ended before.
    fn cancel(&self) -> bool;
}

/// A call as those see it who wait for its results.
pub(crate) trait Results<R>: Job {
    /// Takes one, once the call has ended. `None` if the item came to nothing: then the verdict on
    /// the call is all there is.
    fn take(&self, index: usize) -> Option<Result<R, TaskError>>;

    /// The same for all of them, one after the other, until `to` breaks off.
    fn take_all(&self, to: &mut dyn FnMut(Option<Result<R, TaskError>>) -> ControlFlow<()>);
}
