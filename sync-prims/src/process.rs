//! The process scope: primitives that may lie in memory that several processes map.
//!
//! They are address-free, hold no handle of any system, and a new one is all zero bytes. Crate
//! `ipc` puts them into shared memory (`Shared<Lock<T>>`); whoever maps memory of their own tells
//! this crate with [`register`] that it will stay, or does without recovery from deaths.
//!
//! ```
//! use sync_prims::process::{Event, Lock};
//!
//! let pair = (Lock::new(0), Event::new());
//! *pair.0.lock().unwrap() += 1;
//! pair.1.set();
//! assert!(pair.1.is_set() && *pair.0.lock().unwrap() == 1);
//! ```

pub use crate::raw::registry::{
    Witness, guard_held_in, notice_fork, register, supported, unregister,
};
use crate::scope::Processes;

/// [`Lock`](crate::Lock) between processes.
pub type Lock<T> = crate::lock::Lock<T, Processes>;
/// [`LockGuard`](crate::LockGuard) of a lock between processes.
pub type LockGuard<'a, T> = crate::lock::LockGuard<'a, T, Processes>;
/// [`Event`](crate::Event) between processes.
pub type Event = crate::event::Event<Processes>;
/// [`RLock`](crate::RLock) between processes.
pub type RLock<T> = crate::rlock::RLock<T, Processes>;
/// [`RLockGuard`](crate::RLockGuard) of a lock between processes.
pub type RLockGuard<'a, T> = crate::rlock::RLockGuard<'a, T, Processes>;
/// [`Condition`](crate::Condition) between processes.
pub type Condition = crate::condition::Condition<Processes>;
/// [`Semaphore`](crate::Semaphore) between processes.
pub type Semaphore = crate::semaphore::Semaphore<Processes>;
/// [`BoundedSemaphore`](crate::BoundedSemaphore) between processes.
pub type BoundedSemaphore = crate::semaphore::BoundedSemaphore<Processes>;
/// [`Permit`](crate::Permit) of a semaphore between processes.
pub type Permit<'a> = crate::semaphore::Permit<'a, Processes>;
/// [`Barrier`](crate::Barrier) between processes.
pub type Barrier = crate::barrier::Barrier<Processes>;
/// [`RwLock`](crate::RwLock) between processes.
pub type RwLock<T> = crate::rwlock::RwLock<T, Processes>;
/// [`RwLockReadGuard`](crate::RwLockReadGuard) of a lock between processes.
pub type RwLockReadGuard<'a, T> = crate::rwlock::RwLockReadGuard<'a, T, Processes>;
/// [`RwLockWriteGuard`](crate::RwLockWriteGuard) of a lock between processes.
pub type RwLockWriteGuard<'a, T> = crate::rwlock::RwLockWriteGuard<'a, T, Processes>;
