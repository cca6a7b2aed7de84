//! Locks, events and the other primitives, for threads and for processes.

mod condition;
mod deadline;
mod error;
mod event;
mod futex;
mod lock;
mod primitive;
pub mod process;
pub mod raw;
mod rlock;
mod scope;
mod shm_safe;
pub mod thread;

pub use condition::{Condition, ConditionGuard, WaitTimeoutResult};
pub use deadline::Deadline;
pub use error::{LockResult, PoisonCause, Poisoned, Recover, TryLockError, TryLockResult};
pub use event::Event;
pub use lock::{Lock, LockGuard};
pub use rlock::{RLock, RLockGuard};
pub use scope::{Processes, Scope, Threads};
pub use shm_safe::{ShmSafe, Zeroable};
pub use sync_prims_macros::{ShmSafe, Zeroable};
