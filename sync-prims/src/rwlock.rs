//! `RwLock` and its guards.
#![expect(unsafe_code, reason = "hands out references to the value that the lock guards")]

use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::time::Duration;
use std::alloc::{Layout, LayoutError};
use std::thread::panicking;

use crate::deadline::Deadline;
use crate::error::{LockResult, TryLockError, TryLockResult, sealed, with_health};
use crate::raw::{self, Health, RawRwLock};
use crate::scope::{Processes, Scope};
use crate::shm_safe::{ShmSafe, Zeroable};

/// A value that many may read at a time, or one may change.
///
/// Use it through its aliases [`thread::RwLock`](crate::thread::RwLock) and
/// [`process::RwLock`](crate::process::RwLock). It pays where reading is common and takes a while;
/// otherwise a [`Lock`](crate::Lock) is smaller and faster. Once a writer waits, new readers stand
/// back for it; so a thread that reads must not lock for reading again.
///
/// ```
/// use sync_prims::thread::RwLock;
///
/// let settings = RwLock::new(vec![1, 2]);
/// {
///     let one = settings.read().unwrap();
///     let other = settings.read().unwrap();
///     assert_eq!(one.len() + other.len(), 4);
/// }
/// settings.write().unwrap().push(3);
/// assert_eq!(settings.into_inner().unwrap(), [1, 2, 3]);
/// ```
///
/// A panic of a writer poisons the lock, as in std; a reader's does not.
///
/// # Process death
///
/// A reader's death changes nothing: writers wait for the living alone. A writer's death is as that of a [`Lock`](crate::Lock)'s owner:
/// the next caller, reader or writer, gets its guard inside `Err(`[`Poisoned`](crate::Poisoned)`)`
/// once the dead process can no longer write to the value, and so do all others until a writer
/// recovers. In memory that is not registered nobody's death can be seen.
///
/// # Panics
///
/// In the process scope, reading panics if [`MAX_HOLDERS`](crate::MAX_HOLDERS) other living
/// processes read, and locking panics where that of a `Lock` does.
#[repr(C)]
pub struct RwLock<T: ?Sized, S: Scope> {
    raw: S::RwLock,
    value: UnsafeCell<T>,
}

// SAFETY: the lock hands the value to one thread at a time, which may as well own it.
unsafe impl<T: ?Sized + Send, S: Scope> Send for RwLock<T, S> {}
// SAFETY: as above, or shares it between several.
unsafe impl<T: ?Sized + Send + Sync, S: Scope> Sync for RwLock<T, S> {}

// A panic does not go unnoticed: the lock is poisoned by it.
impl<T: ?Sized, S: Scope> UnwindSafe for RwLock<T, S> {}
impl<T: ?Sized, S: Scope> RefUnwindSafe for RwLock<T, S> {}

/// The right to read what an [`RwLock`] guards; ends when dropped. It stays on its thread.
#[must_use = "the lock is unlocked when this is dropped"]
#[clippy::has_significant_drop]
pub struct RwLockReadGuard<'a, T: ?Sized, S: Scope> {
    lock: &'a RwLock<T, S>,
    /// Where this reader is noted.
    ticket: u32,
    thread: PhantomData<*const ()>,
}

/// The right to change what an [`RwLock`] guards; ends when dropped. It stays on its thread.
#[must_use = "the lock is unlocked when this is dropped"]
#[clippy::has_significant_drop]
pub struct RwLockWriteGuard<'a, T: ?Sized, S: Scope> {
    lock: &'a RwLock<T, S>,
    /// The thread was panicking already when it locked; that is no reason to poison.
    panicking: bool,
    /// Not `Send`: the system knows the owner by its thread.
    thread: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives shared access to the value, nothing more.
unsafe impl<T: ?Sized + Sync, S: Scope> Sync for RwLockReadGuard<'_, T, S> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Sync, S: Scope> Sync for RwLockWriteGuard<'_, T, S> {}

impl<T, S: Scope> RwLock<T, S> {
    /// A new, free lock around `value`.
    pub const fn new(value: T) -> Self {
        Self { raw: <S::RwLock as RawRwLock>::NEW, value: UnsafeCell::new(value) }
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

impl<T: ?Sized, S: Scope> RwLock<T, S> {
    /// Locks for reading, waiting as long as it takes.
    ///
    /// # Errors
    ///
    /// [`Poisoned`](crate::Poisoned), with the guard inside: the lock *is* taken.
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T, S>> {
        match self.raw.read(Deadline::never()) {
            Some(read) => self.reader(read),
            None => raw::endless_wait_ended(),
        }
    }

    /// Locks for reading if that is possible at once.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](TryLockError::WouldBlock), or [`Poisoned`](crate::Poisoned) with the guard
    /// inside.
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T, S>> {
        Ok(self.reader(self.raw.try_read().ok_or(TryLockError::WouldBlock)?)?)
    }

    /// Locks for reading, waiting no longer than `timeout`. A duration that the clock cannot
    /// express is for ever.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](TryLockError::WouldBlock), or [`Poisoned`](crate::Poisoned) with the guard
    /// inside.
    pub fn read_timeout(&self, timeout: Duration) -> TryLockResult<RwLockReadGuard<'_, T, S>> {
        let read = self.raw.try_read().or_else(|| self.raw.read(Deadline::after(timeout)));
        Ok(self.reader(read.ok_or(TryLockError::WouldBlock)?)?)
    }

    /// Locks for writing, waiting as long as it takes.
    ///
    /// # Errors
    ///
    /// [`Poisoned`](crate::Poisoned), with the guard inside: the lock *is* taken.
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T, S>> {
        match self.raw.write(Deadline::never()) {
            Some(health) => self.writer(health),
            None => raw::endless_wait_ended(),
        }
    }

    /// Locks for writing if that is possible at once.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](TryLockError::WouldBlock), or [`Poisoned`](crate::Poisoned) with the guard
    /// inside.
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T, S>> {
        Ok(self.writer(self.raw.try_write().ok_or(TryLockError::WouldBlock)?)?)
    }

    /// Locks for writing, waiting no longer than `timeout`. A duration that the clock cannot
    /// express is for ever.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](TryLockError::WouldBlock), or [`Poisoned`](crate::Poisoned) with the guard
    /// inside.
    pub fn write_timeout(&self, timeout: Duration) -> TryLockResult<RwLockWriteGuard<'_, T, S>> {
        let health = self.raw.try_write().or_else(|| self.raw.write(Deadline::after(timeout)));
        Ok(self.writer(health.ok_or(TryLockError::WouldBlock)?)?)
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

    fn reader(&self, (health, ticket): (Health, u32)) -> LockResult<RwLockReadGuard<'_, T, S>> {
        with_health(health, RwLockReadGuard { lock: self, ticket, thread: PhantomData })
    }

    fn writer(&self, health: Health) -> LockResult<RwLockWriteGuard<'_, T, S>> {
        let guard = RwLockWriteGuard { lock: self, panicking: panicking(), thread: PhantomData };
        with_health(health, guard)
    }
}

impl<T, S: Scope> RwLock<[T], S> {
    /// How much memory a lock around `len` values takes, and where in it the values begin.
    #[doc(hidden)]
    pub fn slice_layout(len: usize) -> Result<(Layout, usize), LayoutError> {
        let (layout, offset) = Layout::new::<S::RwLock>().extend(Layout::array::<T>(len)?)?;
        Ok((layout.pad_to_align(), offset))
    }

    /// A lock around `len` values at `address`, in memory of that layout. It may be used once the
    /// bytes before the values are zero and the values valid.
    #[doc(hidden)]
    pub fn slice_at(address: *mut u8, len: usize) -> *mut Self {
        core::ptr::slice_from_raw_parts_mut(address.cast::<T>(), len) as *mut Self
    }
}

impl<T: Default, S: Scope> Default for RwLock<T, S> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T, S: Scope> From<T> for RwLock<T, S> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

#[cfg(loom)]
impl<T: ?Sized, S: Scope> RwLock<T, S> {
    /// The words, for a model to print and so to make.
    #[doc(hidden)]
    pub fn words(&self) -> &impl fmt::Debug {
        &self.raw
    }
}

impl<T: ?Sized + fmt::Debug, S: Scope> fmt::Debug for RwLock<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("RwLock");
        match self.try_read() {
            Ok(guard) => debug.field("value", &&*guard),
            Err(TryLockError::Poisoned(poisoned)) => debug.field("value", &&*poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => debug.field("value", &format_args!("<locked>")),
        };
        debug.field("poisoned", &self.is_poisoned()).finish_non_exhaustive()
    }
}

// SAFETY: address-free words, valid in any mixture of their values, and a value that is as well.
unsafe impl<T: ?Sized + ShmSafe> ShmSafe for RwLock<T, Processes> {}
// SAFETY: the words of a new lock are zero.
unsafe impl<T: Zeroable> Zeroable for RwLock<T, Processes> {}

impl<T: ?Sized, S: Scope> Deref for RwLockReadGuard<'_, T, S> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: while the guard is there, nobody has a reference to change the value by.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized, S: Scope> Deref for RwLockWriteGuard<'_, T, S> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock, so nobody else has a reference.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized, S: Scope> DerefMut for RwLockWriteGuard<'_, T, S> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard holds the lock, and is borrowed exclusively itself.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized, S: Scope> Drop for RwLockReadGuard<'_, T, S> {
    fn drop(&mut self) {
        self.lock.raw.unlock_read(self.ticket);
    }
}

impl<T: ?Sized, S: Scope> Drop for RwLockWriteGuard<'_, T, S> {
    fn drop(&mut self) {
        if !self.panicking && panicking() {
            self.lock.raw.poison();
        }
        self.lock.raw.unlock_write();
    }
}

impl<T: ?Sized, S: Scope> sealed::Recover for RwLockWriteGuard<'_, T, S> {
    fn clear_poison(&self) {
        self.lock.clear_poison();
    }
}

macro_rules! shown_as_value {
    ($($guard:ident),*) => {$(
        impl<T: ?Sized + fmt::Debug, S: Scope> fmt::Debug for $guard<'_, T, S> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<T: ?Sized + fmt::Display, S: Scope> fmt::Display for $guard<'_, T, S> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }
    )*};
}

shown_as_value!(RwLockReadGuard, RwLockWriteGuard);
