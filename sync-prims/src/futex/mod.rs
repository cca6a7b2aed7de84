//! Sleeping on a word, and what the system does with the words of a thread that dies.
//!
//! One body per system, each with the same face:
//!
//! * [`wait`]`(word, expected, deadline, reach) -> Waited`: sleeps while `*word == expected`.
//! * [`wait_either`]`(word, expected, other, other_expected, deadline) -> Waited`: sleeps while both
//!   are as expected; [`can_wait_either`]`()` says whether this system can do that.
//! * [`wake`]`(word, count, reach) -> u32`: wakes up to `count` sleepers, says how many.
//! * [`now`]`()`: the monotonic clock that `wait` measures deadlines against.
//! * [`thread_id`]`()`: what the system writes for a thread into a lock word; 30 bits, never 0.
//! * [`random`]`()`: 64 bits that no other thread of any process has.
//! * [`on_fork`]`(before, parent, child)`: has functions called around `fork`.
//! * [`robust`]: the list of words that the system marks when their owner dies.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(loom)]
mod model;
mod word;

#[cfg(target_os = "linux")]
pub(crate) use linux::{can_wait_either, now, on_fork, random, robust, thread_id, wait_either};
#[cfg(all(target_os = "linux", not(loom)))]
pub(crate) use linux::{wait, wake};
#[cfg(target_os = "macos")]
pub(crate) use macos::{can_wait_either, now, on_fork, random, robust, thread_id, wait_either};
#[cfg(all(target_os = "macos", not(loom)))]
pub(crate) use macos::{wait, wake};
#[cfg(loom)]
pub(crate) use model::{wait, wake};
pub(crate) use word::{Lower, Reach, Waited, Word};

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
compile_error!(
    "sync-prims has no body for this system: Windows has no sleep on a word of several processes, \
     so a sleeper has to be woken by other means than the one this crate is built on"
);
