//! A call as a thread sees it.

use std::ops::Range;
use std::panic::AssertUnwindSafe;

use proc_spawn::{Call, Panic};

use crate::call::{Batch, Job, drop_quietly};
use crate::error::TaskError;

/// A call as a thread sees it.
pub(crate) trait ThreadJob: Job {
    /// Runs these items, one after the other, unless the call is stopped.
    fn run(&self, items: Range<usize>, watch: &dyn Watch) -> Ran;
}

/// What came of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ran {
    /// All of it is settled, or skipped.
    Through { failed: bool },
    /// An item took too long. It is settled, and what came after it is somebody else's.
    Abandoned,
}

/// Who looks at how long items take.
pub(crate) trait Watch {
    /// An item begins.
    fn begin(&self, index: usize);

    /// It has ended. Says whether that was in time; otherwise nobody wants it any more.
    fn end(&self) -> bool;
}

impl<F, A, M, R> ThreadJob for Batch<F, A, M, R>
where
    F: Send + Sync + 'static,
    for<'f> &'f F: Call<A, M, Output = R>,
    A: Send + 'static,
    M: 'static,
    R: Send + 'static,
{
    fn run(&self, items: Range<usize>, watch: &dyn Watch) -> Ran {
        let mut failed = false;
        for index in items {
            if self.is_stopped() {
                break;
            }
            let Some(item) = self.begin(index) else { continue };
            watch.begin(index);
            let result = Panic::catch(AssertUnwindSafe(|| Call::call(&*self.function, item)));
            if !watch.end() {
                drop_quietly(result);
                return Ran::Abandoned;
            }
            if !self.settle(index, result.map_err(TaskError::Panicked)) {
                failed = true;
                // At once: the schedule hears of it only at the end of the chunk.
                if self.stops_at_failure() {
                    self.stop();
                }
            }
        }
        Ran::Through { failed }
    }
}
