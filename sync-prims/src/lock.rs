//! `Lock` and its guard.
#![expect(unsafe_code, reason = "hands out references to the value that the lock guards")]

use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::time::Duration;
use std::alloc::{Layout, LayoutError};
use std::thread::panicking;

use crate::condition::{ConditionGuard, sealed as relock};
use crate::deadline::Deadline;
use crate::error::{LockResult, TryLockError, TryLockResult, sealed, with_health};
use crate::raw::{self, Health, RawLock};
use crate::scope::{Processes, Scope};
use crate::shm_safe::{ShmSafe, Zeroable};

/// A value that one thread at a time may use: mutual exclusion.
///
/// Use it through its aliases [`thread::Lock`](crate::thread::Lock) and
/// [`process::Lock`](crate::process::Lock). Where one thread has to lock again what it has locked,
/// use an `RLock`; where many read and few write, an `RwLock`; for waiting until something has
/// happened, an [`Event`](crate::Event).
///
/// ```
/// use sync_prims::thread::Lock;
///
/// let total = Lock::new(0);
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| *total.lock().unwrap() += 1);
///     }
/// });
/// assert_eq!(total.into_inner().unwrap(), 4);
/// ```
///
/// A panic while the guard is held poisons the lock, as in std: see [`Poisoned`](crate::Poisoned).
///
/// # Process death
///
/// A process-scope lock in registered memory (a `Shared<Lock<T>>` of crate `ipc` is in such)
/// passes on when its owner dies, at any instruction: the next caller gets the guard inside
/// `Err(`[`Poisoned`](crate::Poisoned)`)` with [`OwnerDied`](crate::PoisonCause::OwnerDied), as soon as the dead
/// *process* can no longer write to the value; until then `try_lock` and timeouts say
/// `WouldBlock`. So does everyone after that, until one calls [`Poisoned::recover`](crate::Poisoned::recover). A guard that
/// an ended *thread* of a living process left behind keeps its lock. A process that ends in good
/// order with a guard in its hands has died, too.
///
/// Elsewhere (on the stack, in a plain mapping) a process-scope lock works, but a dead owner's
/// lock stays locked.
///
/// # Panics
///
/// Locking panics if the thread holds 1,024 process-scope locks already: the system can look
/// after no more.
#[doc(alias = "Mutex")]
#[doc(alias = "threading.Lock")]
#[doc(alias = "multiprocessing.Lock")]
#[repr(C)]
pub struct Lock<T: ?Sized, S: Scope> {
    raw: S::Lock,
    value: UnsafeCell<T>,
}

// SAFETY: the lock hands the value out to one thread at a time, which may as well own it.
unsafe impl<T: ?Sized + Send, S: Scope> Send for Lock<T, S> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send, S: Scope> Sync for Lock<T, S> {}

// A panic does not go unnoticed: the lock is poisoned by it.
impl<T: ?Sized, S: Scope> UnwindSafe for Lock<T, S> {}
impl<T: ?Sized, S: Scope> RefUnwindSafe for Lock<T, S> {}

/// The right to use what a [`Lock`] guards; unlocks when dropped. It stays on its thread.
#[must_use = "the lock is unlocked when this is dropped"]
#[clippy::has_significant_drop]
pub struct LockGuard<'a, T: ?Sized, S: Scope> {
    lock: &'a Lock<T, S>,
    /// The thread was panicking already when it locked; that is no reason to poison.
    panicking: bool,
    /// Not `Send`: the system knows the owner by its thread.
    thread: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives shared access to the value, nothing more.
unsafe impl<T: ?Sized + Sync, S: Scope> Sync for LockGuard<'_, T, S> {}

impl<T, S: Scope> Lock<T, S> {
    /// A new, free lock around `value`.
    #[inline]
    pub const fn new(value: T) -> Self {
        Self { raw: <S::Lock as RawLock>::NEW, value: UnsafeCell::new(value) }
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

impl<T: ?Sized, S: Scope> Lock<T, S> {
    /// Locks, waiting as long as it takes.
    ///
    /// A thread that locks what it has locked waits for ever.
    ///
    /// # Errors
    ///
    /// [`Poisoned`](crate::Poisoned), with the guard inside: the lock *is* taken.
    #[doc(alias = "acquire")]
    #[inline]
    pub fn lock(&self) -> LockResult<LockGuard<'_, T, S>> {
        match self.raw.lock(Deadline::never()) {
            Some(health) => self.guard(health),
            None => raw::endless_wait_ended(),
        }
    }

    /// Locks if that is possible at once.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](TryLockError::WouldBlock), or [`Poisoned`](crate::Poisoned) with the guard inside.
    #[inline]
    pub fn try_lock(&self) -> TryLockResult<LockGuard<'_, T, S>> {
        let health = self.raw.try_lock().ok_or(TryLockError::WouldBlock)?;
        Ok(self.guard(health)?)
    }

    /// Locks, waiting no longer than `timeout`. A duration that the clock cannot express is for
    /// ever.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](TryLockError::WouldBlock), or [`Poisoned`](crate::Poisoned) with the guard inside.
    pub fn lock_timeout(&self, timeout: Duration) -> TryLockResult<LockGuard<'_, T, S>> {
        let health = match self.raw.try_lock() {
            Some(health) => health,
            None => self.raw.lock(Deadline::after(timeout)).ok_or(TryLockError::WouldBlock)?,
        };
        Ok(self.guard(health)?)
    }

    /// Whether anybody has the lock, at this moment. A dead owner has it until the next caller
    /// has taken it over.
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

    #[inline]
    fn guard(&self, health: Health) -> LockResult<LockGuard<'_, T, S>> {
        with_health(health, LockGuard { lock: self, panicking: panicking(), thread: PhantomData })
    }
}

impl<T, S: Scope> Lock<[T], S> {
    /// How much memory a lock around `len` values takes, and where in it the values begin.
    #[doc(hidden)]
    pub fn slice_layout(len: usize) -> Result<(Layout, usize), LayoutError> {
        let (layout, offset) = Layout::new::<S::Lock>().extend(Layout::array::<T>(len)?)?;
        Ok((layout.pad_to_align(), offset))
    }

    /// A lock around `len` values at `address`, in memory of that layout. It may be used once the
    /// bytes before the values are zero and the values valid.
    #[doc(hidden)]
    pub fn slice_at(address: *mut u8, len: usize) -> *mut Self {
        core::ptr::slice_from_raw_parts_mut(address.cast::<T>(), len) as *mut Self
    }
}

impl<T: Default, S: Scope> Default for Lock<T, S> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T, S: Scope> From<T> for Lock<T, S> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug, S: Scope> fmt::Debug for Lock<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Lock");
        match self.try_lock() {
            Ok(guard) => debug.field("value", &&*guard),
            Err(TryLockError::Poisoned(poisoned)) => debug.field("value", &&*poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => debug.field("value", &format_args!("<locked>")),
        };
        debug.field("poisoned", &self.is_poisoned()).finish_non_exhaustive()
    }
}

// SAFETY: address-free words, valid in any mixture of their values, and a value that is as well.
unsafe impl<T: ?Sized + ShmSafe> ShmSafe for Lock<T, Processes> {}
// SAFETY: the words of a new lock are zero.
unsafe impl<T: Zeroable> Zeroable for Lock<T, Processes> {}

impl<T: ?Sized, S: Scope> Deref for LockGuard<'_, T, S> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock, so nobody else has a reference.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized, S: Scope> DerefMut for LockGuard<'_, T, S> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard holds the lock, and is borrowed exclusively itself.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized, S: Scope> Drop for LockGuard<'_, T, S> {
    #[inline]
    fn drop(&mut self) {
        if !self.panicking && panicking() {
            self.lock.raw.poison();
        }
        self.lock.raw.unlock();
    }
}

impl<T: ?Sized, S: Scope> sealed::Recover for LockGuard<'_, T, S> {
    fn clear_poison(&self) {
        self.lock.clear_poison();
    }
}

impl<T: ?Sized, S: Scope> relock::Relock for LockGuard<'_, T, S> {
    fn give_up(&self) -> u32 {
        self.lock.raw.unlock();
        1
    }

    fn take_again(&self, _levels: u32) -> Health {
        self.lock.raw.lock(Deadline::never()).unwrap_or_else(|| raw::endless_wait_ended())
    }
}

impl<T: ?Sized, S: Scope> ConditionGuard<S> for LockGuard<'_, T, S> {}

impl<T: ?Sized + fmt::Debug, S: Scope> fmt::Debug for LockGuard<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display, S: Scope> fmt::Display for LockGuard<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
