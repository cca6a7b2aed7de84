//! Waiting for something that a process may die with.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use crate::deadline::Deadline;
use crate::futex::robust::{MARKS, backstop};
use crate::futex::{self, Reach, Waited, Word};
use crate::raw::event_count::Key;
use crate::raw::registry::{self, Witness};

/// When to look again where nothing tells that a process has died.
const SLICE: Duration = Duration::from_millis(20);

/// How waits in some memory learn of the deaths of those who share it.
pub struct Deaths(Option<Arc<dyn Witness>>);

impl Deaths {
    /// For waits at `address`.
    pub(crate) fn around(address: usize) -> Self {
        Self(registry::witness(address))
    }

    /// Whether a process that shares the memory is gone, as far as anybody can tell.
    pub(crate) fn is_gone(&self, process: u32) -> bool {
        let now = Deadline::after(Duration::ZERO);
        self.0.as_ref().is_some_and(|witness| witness.wait_gone(process, now))
    }

    /// To be asked for before one looks after the processes; then [`wait`](Self::wait) ends for each
    /// one that dies after the look.
    pub(crate) fn listen(&self) -> Option<Key> {
        let deaths = self.0.as_ref()?.deaths()?;
        futex::can_wait_either().then(|| deaths.listen_for_deaths())
    }

    /// Sleeps while `*word == expected` and nobody dies.
    ///
    /// `TimedOut` tells that no wake-up was used up, but not that the deadline has come.
    pub(crate) fn wait(
        &self,
        heard: Option<Key>,
        word: &impl Word,
        expected: u32,
        deadline: Deadline,
    ) -> Waited {
        let deaths = self.0.as_ref().and_then(|witness| witness.deaths());
        match (deaths, heard) {
            (Some(deaths), Some(key)) => {
                futex::wait_either(word, expected, deaths.word(), key.expected(), deadline)
            }
            _ => futex::wait(word, expected, deadline.at_most(SLICE), Reach::Processes),
        }
    }
}

/// Sleeps while `*word == expected`, on a word on record with the system: whoever dies owing a
/// wake-up to the sleepers ends the sleep.
///
/// `TimedOut` tells that no wake-up was used up, but not that the deadline has come.
pub(crate) fn sleep_on_record(word: &impl Word, expected: u32, deadline: Deadline) -> Waited {
    if MARKS {
        let until = backstop().map_or(deadline, |slice| deadline.at_most(slice));
        futex::wait(word, expected, until, Reach::Processes)
    } else {
        let deaths = Deaths::around(word.address().addr());
        deaths.wait(deaths.listen(), word, expected, deadline)
    }
}

impl fmt::Debug for Deaths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deaths").finish_non_exhaustive()
    }
}
