//! The thread scope: primitives for the threads of one process.
//!
//! ```
//! use sync_prims::thread::{Event, Lock};
//!
//! static READY: Event = Event::new();
//! static COUNT: Lock<u32> = Lock::new(0);
//! *COUNT.lock().unwrap() += 1;
//! READY.set();
//! assert!(READY.is_set() && *COUNT.lock().unwrap() == 1);
//! ```

use crate::scope::Threads;

/// [`Lock`](crate::Lock) between threads.
pub type Lock<T> = crate::lock::Lock<T, Threads>;
/// [`LockGuard`](crate::LockGuard) of a lock between threads.
pub type LockGuard<'a, T> = crate::lock::LockGuard<'a, T, Threads>;
/// [`Event`](crate::Event) between threads.
pub type Event = crate::event::Event<Threads>;
/// [`RLock`](crate::RLock) between threads.
pub type RLock<T> = crate::rlock::RLock<T, Threads>;
/// [`RLockGuard`](crate::RLockGuard) of a lock between threads.
pub type RLockGuard<'a, T> = crate::rlock::RLockGuard<'a, T, Threads>;
/// [`Condition`](crate::Condition) between threads.
pub type Condition = crate::condition::Condition<Threads>;
/// [`Semaphore`](crate::Semaphore) between threads.
pub type Semaphore = crate::semaphore::Semaphore<Threads>;
/// [`BoundedSemaphore`](crate::BoundedSemaphore) between threads.
pub type BoundedSemaphore = crate::semaphore::BoundedSemaphore<Threads>;
/// [`Permit`](crate::Permit) of a semaphore between threads.
pub type Permit<'a> = crate::semaphore::Permit<'a, Threads>;
/// [`Barrier`](crate::Barrier) between threads.
pub type Barrier = crate::barrier::Barrier<Threads>;
/// [`RwLock`](crate::RwLock) between threads.
pub type RwLock<T> = crate::rwlock::RwLock<T, Threads>;
/// [`RwLockReadGuard`](crate::RwLockReadGuard) of a lock between threads.
pub type RwLockReadGuard<'a, T> = crate::rwlock::RwLockReadGuard<'a, T, Threads>;
/// [`RwLockWriteGuard`](crate::RwLockWriteGuard) of a lock between threads.
pub type RwLockWriteGuard<'a, T> = crate::rwlock::RwLockWriteGuard<'a, T, Threads>;
