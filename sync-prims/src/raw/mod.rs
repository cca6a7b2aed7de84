//! The words and state machines under the primitives, and building blocks for crash-proof
//! structures in shared memory.

pub(crate) mod barrier;
pub(crate) mod barrier_processes;
pub(crate) mod cells;
pub(crate) mod condition;
pub(crate) mod deaths;
pub(crate) mod event;
pub(crate) mod held;
pub(crate) mod identity;
pub(crate) mod private;
pub(crate) mod process_lock;
pub(crate) mod registry;
pub(crate) mod robust;
pub(crate) mod rwlock_processes;
pub(crate) mod rwlock_threads;
pub(crate) mod section;
pub(crate) mod semaphore;
pub(crate) mod semaphore_processes;
pub(crate) mod thread_lock;
pub(crate) mod thread_rlock;
pub(crate) mod word;

mod event_count;
mod face;
mod robust_mutex;

pub use event_count::{EventCount, Key};
pub(crate) use face::{
    Health, RawCondition, RawEvent, RawLock, RawReentrant, RawRwLock, endless_wait_ended,
};
pub use robust_mutex::{RobustGuard, RobustMutex};
