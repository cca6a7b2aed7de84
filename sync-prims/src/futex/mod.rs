//! Sleeping on a word, and what the system does with the words of a thread that dies.
//!
//! One body per system, each with the same face:
//!
//! * [`wait`]`(word, expected, deadline, reach) -> Waited`: sleeps while `*word == expected`.
//! * [`wake`]`(word, count, reach) -> u32`: wakes up to `count` sleepers, says how many.
//! * [`now`]`()`: the monotonic clock that `wait` measures deadlines against.
//! * [`thread_id`]`()`: what the system writes for a thread into a lock word; 30 bits, never 0.
//! * [`random`]`()`: 64 bits that no other thread of any process has.
//! * [`on_fork`]`(before, parent, child)`: has functions called around `fork`.
//! * [`robust`]: the list of words that the system marks when their owner dies.

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub(crate) use linux::{now, on_fork, random, robust, thread_id, wait, wake};

#[cfg(not(target_os = "linux"))]
compile_error!(
    "sync-prims has no body for this system yet: macOS and Windows have no robust list, so a dead \
     owner has to be found by other means than the one this crate is built on"
);

use crate::primitive::{AtomicU32, AtomicU64};

/// Who may wait on a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Threads of this process.
    Threads,
    /// Every process that maps the word.
    Processes,
}

/// How a sleep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// A `wake` ended it, and counts this thread among those it woke.
    Woken,
    /// For some other reason: the word differed, or a signal came. Look again.
    Again,
    /// The deadline passed, and no wake-up was used up.
    TimedOut,
}

/// A word that can be slept on.
pub(crate) trait Word {
    /// Where it is.
    fn address(&self) -> *const u32;
}

impl Word for AtomicU32 {
    #[inline]
    fn address(&self) -> *const u32 {
        self.as_ptr()
    }
}

/// The lower 32 bits of a 64-bit word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lower<'a>(pub(crate) &'a AtomicU64);

impl Word for Lower<'_> {
    #[inline]
    fn address(&self) -> *const u32 {
        let halves = self.0.as_ptr().cast::<u32>();
        if cfg!(target_endian = "big") { halves.wrapping_add(1) } else { halves }
    }
}
