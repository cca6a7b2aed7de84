//! `RLock` and its guard.
#![expect(unsafe_code, reason = "hands out references to the value that the lock guards")]

use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::time::Duration;
use std::thread::panicking;

use crate::condition::{ConditionGuard, sealed as relock};
use crate::deadline::Deadline;
use crate::error::{LockResult, TryLockError, TryLockResult, sealed, with_health};
use crate::primitive::Ordering;
use crate::raw::{self, Health, RawLock, RawReentrant};
use crate::scope::{Processes, Scope};
use crate::shm_safe::{ShmSafe, Zeroable};

/// A lock that its owner may lock again: re-entrant mutual exclusion.
///
/// The owner is one thread of one process. It has to drop as many guards as it took before
/// anybody else gets in. As it may have several guards at a time, a guard gives `&T`; put a cell
/// or atomics inside to change the value, or use a [`Lock`](crate::Lock), which is also faster.
///
/// ```
/// use std::cell::Cell;
/// use sync_prims::thread::RLock;
///
/// fn add(sum: &RLock<Cell<u32>>, n: u32) {
///     let guard = sum.lock().unwrap();
///     guard.set(guard.get() + n);
/// }
///
/// let sum = RLock::new(Cell::new(0));
/// let guard = sum.lock().unwrap();
/// add(&sum, 2); // locks again
/// add(&sum, 3);
/// assert_eq!(guard.get(), 5);
/// ```
///
/// Poison is as with [`Lock`](crate::Lock).
///
/// # Process death
///
/// As with [`Lock`](crate::Lock): the next caller is told, and the lock is free of all levels.
///
/// # Panics
///
/// Locking panics if it is locked 2³² − 1 times already, and where `Lock` does.
#[doc(alias = "ReentrantLock")]
#[doc(alias = "ReentrantMutex")]
#[doc(alias = "threading.RLock")]
#[doc(alias = "multiprocessing.RLock")]
#[repr(C)]
pub struct RLock<T: ?Sized, S: Scope> {
    raw: S::RLock,
    value: UnsafeCell<T>,
}

// SAFETY: the value is shared within one thread at a time, which may as well own it.
unsafe impl<T: ?Sized + Send, S: Scope> Send for RLock<T, S> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send, S: Scope> Sync for RLock<T, S> {}

// A panic does not go unnoticed: the lock is poisoned by it.
impl<T: ?Sized, S: Scope> UnwindSafe for RLock<T, S> {}
impl<T: ?Sized, S: Scope> RefUnwindSafe for RLock<T, S> {}

/// The right to use what an [`RLock`] guards; gives up one level when dropped. It stays on its
/// thread.
#[must_use = "the lock is unlocked when this is dropped"]
#[clippy::has_significant_drop]
pub struct RLockGuard<'a, T: ?Sized, S: Scope> {
    lock: &'a RLock<T, S>,
    /// The thread was panicking already when it locked; that is no reason to poison.
    panicking: bool,
    /// Not `Send`: the lock knows its owner by its thread.
    thread: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives shared access to the value, nothing more.
unsafe impl<T: ?Sized + Sync, S: Scope> Sync for RLockGuard<'_, T, S> {}

impl<T, S: Scope> RLock<T, S> {
    /// A new, free lock around `value`.
    #[inline]
    pub const fn new(value: T) -> Self {
        Self { raw: <S::RLock as RawLock>::NEW, value: UnsafeCell::new(value) }
    }

    /// The value, out of its lock.
    ///
    /// # Errors
    ///
    /// [`Poisoned`](crate::Poisoned), with the value inside.
    pub fn into_inner(mut self) -> LockResult<T> {
        let health = self.raw.health_exclusive();
        with_health(health, self.value.into_inner())
    }
}

impl<T: ?Sized, S: Scope> RLock<T, S> {
    /// Locks, waiting as long as it takes; at once if the calling thread has the lock.
    ///
    /// # Errors
    ///
    /// [`Poisoned`](crate::Poisoned), with the guard inside: the lock *is* taken.
    #[doc(alias = "acquire")]
    pub fn lock(&self) -> LockResult<RLockGuard<'_, T, S>> {
        match self.enter(|raw| raw.lock(Deadline::never())) {
            Some(health) => self.guard(health),
            None => raw::endless_wait_ended(),
        }
    }

    /// Locks if that is possible at once.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](TryLockError::WouldBlock), or [`Poisoned`](crate::Poisoned) with the guard
    /// inside.
    pub fn try_lock(&self) -> TryLockResult<RLockGuard<'_, T, S>> {
        let health = self.enter(RawLock::try_lock).ok_or(TryLockError::WouldBlock)?;
        Ok(self.guard(health)?)
    }

    /// Locks, waiting no longer than `timeout`. A duration that the clock cannot express is for
    /// ever.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](TryLockError::WouldBlock), or [`Poisoned`](crate::Poisoned) with the guard
    /// inside.
    pub fn lock_timeout(&self, timeout: Duration) -> TryLockResult<RLockGuard<'_, T, S>> {
        let patient =
            |raw: &S::RLock| raw.try_lock().or_else(|| raw.lock(Deadline::after(timeout)));
        let health = self.enter(patient).ok_or(TryLockError::WouldBlock)?;
        Ok(self.guard(health)?)
    }

    /// Whether anybody has the lock, at this moment.
    #[doc(alias = "locked")]
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// Whether the lock is poisoned, as far as anybody has found out: a death shows when the next
    /// caller locks.
    pub fn is_poisoned(&self) -> bool {
        self.raw.health().is_err()
    }

    /// Declares the value consistent.
    pub fn clear_poison(&self) {
        self.raw.clear_poison();
    }

    /// The value, without locking: nobody else can have the lock.
    ///
    /// # Errors
    ///
    /// [`Poisoned`](crate::Poisoned), with the reference inside.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        let health = self.raw.health_exclusive();
        with_health(health, self.value.get_mut())
    }

    /// One level deeper: by the count if the thread has the lock, else by `lock`.
    #[inline]
    fn enter(&self, lock: impl FnOnce(&S::RLock) -> Option<Health>) -> Option<Health> {
        // The depth is the owner's alone, so its accesses need no order.
        if self.raw.mine() {
            let depth = self.raw.depth().load(Ordering::Relaxed);
            assert!(depth != u32::MAX, "the lock is locked too many times");
            self.raw.depth().store(depth + 1, Ordering::Relaxed);
            return Some(self.raw.health());
        }
        let health = lock(&self.raw)?;
        self.raw.depth().store(1, Ordering::Relaxed);
        Some(health)
    }

    /// One level up.
    #[inline]
    fn leave(&self) {
        if !self.raw.mine() {
            // A forked child has a copy of its parent's guard, but not the lock.
            return;
        }
        let depth = self.raw.depth().load(Ordering::Relaxed) - 1;
        self.raw.depth().store(depth, Ordering::Relaxed);
        if depth == 0 {
            self.raw.unlock();
        }
    }

    fn guard(&self, health: Health) -> LockResult<RLockGuard<'_, T, S>> {
        let guard = RLockGuard { lock: self, panicking: panicking(), thread: PhantomData };
        with_health(health, guard)
    }
}

impl<T: Default, S: Scope> Default for RLock<T, S> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T, S: Scope> From<T> for RLock<T, S> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug, S: Scope> fmt::Debug for RLock<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("RLock");
        match self.try_lock() {
            Ok(guard) => debug.field("value", &&*guard),
            Err(TryLockError::Poisoned(poisoned)) => debug.field("value", &&*poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => debug.field("value", &format_args!("<locked>")),
        };
        debug.field("poisoned", &self.is_poisoned()).finish_non_exhaustive()
    }
}

// SAFETY: address-free words, valid in any mixture of their values, and a value that is as well.
unsafe impl<T: ?Sized + ShmSafe> ShmSafe for RLock<T, Processes> {}
// SAFETY: the words of a new lock are zero.
unsafe impl<T: Zeroable> Zeroable for RLock<T, Processes> {}

impl<T: ?Sized, S: Scope> Deref for RLockGuard<'_, T, S> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard's thread has the lock, and guards of one lock share the value.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized, S: Scope> Drop for RLockGuard<'_, T, S> {
    #[inline]
    fn drop(&mut self) {
        if !self.panicking && panicking() {
            self.lock.raw.poison();
        }
        self.lock.leave();
    }
}

impl<T: ?Sized, S: Scope> sealed::Recover for RLockGuard<'_, T, S> {
    fn clear_poison(&self) {
        self.lock.clear_poison();
    }
}

impl<T: ?Sized, S: Scope> relock::Relock for RLockGuard<'_, T, S> {
    fn give_up(&self) -> u32 {
        let levels = self.lock.raw.depth().load(Ordering::Relaxed);
        self.lock.raw.unlock();
        levels
    }

    fn take_again(&self, levels: u32) -> Health {
        let health = self.lock.raw.lock(Deadline::never());
        self.lock.raw.depth().store(levels, Ordering::Relaxed);
        health.unwrap_or_else(|| raw::endless_wait_ended())
    }
}

impl<T: ?Sized + Sync, S: Scope> ConditionGuard<S> for RLockGuard<'_, T, S> {}

impl<T: ?Sized + fmt::Debug, S: Scope> fmt::Debug for RLockGuard<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display, S: Scope> fmt::Display for RLockGuard<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
