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
//! * [`name_memory`]`(range, name)`, [`forget_memory`]`(range)`: what the memory of words that other
//!   processes share is called, for systems that do not know a word by the memory it lies in.
//! * [`robust`]: the list of words that the system marks when their owner dies.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(loom)]
mod model;
#[cfg(any(unmarked, target_os = "macos", target_os = "windows"))]
pub(crate) mod unmarked;
#[cfg(not(target_os = "windows"))]
mod unnamed;
#[cfg(target_os = "windows")]
mod windows;
mod word;

#[cfg(all(target_os = "linux", not(unmarked)))]
pub(crate) use linux::robust;
#[cfg(target_os = "linux")]
pub(crate) use linux::{can_wait_either, now, on_fork, random, thread_id, wait_either};
#[cfg(all(target_os = "linux", not(loom)))]
pub(crate) use linux::{wait, wake};
#[cfg(target_os = "macos")]
pub(crate) use macos::{can_wait_either, now, on_fork, random, thread_id, wait_either};
#[cfg(all(target_os = "macos", not(loom)))]
pub(crate) use macos::{wait, wake};
#[cfg(loom)]
pub(crate) use model::{wait, wake};
#[cfg(any(unmarked, target_os = "macos", target_os = "windows"))]
pub(crate) use unmarked as robust;
#[cfg(not(target_os = "windows"))]
pub(crate) use unnamed::{forget_memory, name_memory};
#[cfg(target_os = "windows")]
pub(crate) use windows::{
    can_wait_either, forget_memory, name_memory, now, on_fork, random, thread_id, wait_either,
};
#[cfg(all(target_os = "windows", not(loom)))]
pub(crate) use windows::{wait, wake};
pub(crate) use word::{Lower, Reach, Waited, Word};

#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "windows")))]
compile_error!("sync-prims has no body for this system: it needs a way to sleep on a word");
