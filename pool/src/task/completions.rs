//! Which of many calls have ended, in the order in which they did.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::call::End;

/// Collects the ends of calls.
#[derive(Debug, Default)]
pub(super) struct Completions {
    ended: Mutex<VecDeque<usize>>,
    come: Condvar,
}

impl Completions {
    /// Waits for this end too, under this number.
    pub(super) fn watch(self: &Arc<Self>, number: usize, end: &End) {
        let completions = Arc::clone(self);
        end.then(Box::new(move || {
            completions.lock().push_back(number);
            completions.come.notify_one();
        }));
    }

    /// The number of the next that has ended; `None` if there is none by the deadline.
    pub(super) fn next(&self, deadline: Option<Instant>) -> Option<usize> {
        let mut ended = self.lock();
        loop {
            if let Some(number) = ended.pop_front() {
                return Some(number);
            }
            let Some(deadline) = deadline else {
                ended = self.come.wait(ended).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            let woken = self.come.wait_timeout(ended, left);
            ended = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<usize>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
