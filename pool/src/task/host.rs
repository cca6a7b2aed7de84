//! What a task asks of its pool.

use crate::call::Job;

/// Something of the user's that may take its time.
pub(crate) type Callback = Box<dyn FnOnce() + Send>;

/// The pool of a task. Outlives the pool itself, and then has nothing to do.
pub(crate) trait Host: Send + Sync {
    /// Gives a call up, as far as these workers can. Says whether it is cancelled by that.
    fn cancel(&self, job: &dyn Job) -> bool;

    /// Calls it where nobody but other callbacks has to wait for it.
    fn defer(&self, callback: Callback);
}
