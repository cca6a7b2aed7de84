#![doc = include_str!("../README.md")]

mod barrier;
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
mod rwlock;
mod scope;
mod semaphore;
mod shm_safe;
pub mod thread;
mod timer;

pub use barrier::{Barrier, BarrierWait, BrokenBarrier};
pub use condition::{Condition, ConditionGuard, WaitTimeoutResult};
pub use deadline::Deadline;
pub use error::{LockResult, PoisonCause, Poisoned, Recover, TryLockError, TryLockResult};
pub use event::Event;
pub use lock::{Lock, LockGuard};
pub use raw::cells::MAX_HOLDERS;
pub use rlock::{RLock, RLockGuard};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use scope::{Processes, Scope, Threads};
pub use semaphore::{BoundedSemaphore, OverRelease, Permit, Semaphore};
pub use shm_safe::{ShmSafe, Zeroable};
pub use sync_prims_macros::{ShmSafe, Zeroable};
pub use timer::Timer;
