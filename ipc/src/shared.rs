//! `Shared<T>`: one value that many processes use.
#![expect(unsafe_code, reason = "makes references to values in shared memory")]

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sync_prims::process::{Lock, RwLock};
use sync_prims::{ShmSafe, Zeroable};

use crate::handle::{self, Hold};
use crate::heap::Role;
use crate::place::{self, Place};

/// An `Arc` across processes: every clone, in whatever process, refers to the same value.
///
/// The value lies in the program's shared memory. It changes through what it is made of:
/// [`Lock`], [`Event`](sync_prims::process::Event), atomics. A `Shared` can be an argument or result of
/// a process, or travel inside a message. To hand a value over instead of sharing it, use
/// an owned value.
///
/// # Process death
///
/// The value lives until the last `Shared` to it is dropped or its process is gone, killed or not. A
/// `Shared` inside a message counts. Values in shared memory are never dropped in the sense of
/// `Drop`, which [`ShmSafe`] makes sure nobody misses.
///
/// # Examples
///
/// Two handles, one value:
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// let counter = ipc::Shared::new(AtomicU64::new(0))?;
/// let same = counter.clone();
/// same.fetch_add(1, Ordering::Relaxed);
/// assert_eq!(counter.load(Ordering::Relaxed), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias("RawValue", "RawArray"))]
pub struct Shared<T: ?Sized + Place> {
    value: NonNull<T>,
    hold: Arc<Hold>,
    _value: PhantomData<T>,
}

/// A value under a lock, shared between processes [Python's `Value`].
///
/// ```
/// let counter = ipc::Value::locked(5)?;
/// *counter.lock().map_err(|poisoned| poisoned.cause())? += 1;
/// assert_eq!(*counter.lock().map_err(|poisoned| poisoned.cause())?, 6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Value<T> = Shared<Lock<T>>;

/// Many values under one lock, shared between processes [Python's `Array`].
///
/// ```
/// let array = ipc::Array::<f64>::zeroed(1000)?;
/// array.lock().map_err(|poisoned| poisoned.cause())?[999] = 0.5;
/// assert_eq!(array.lock().map_err(|poisoned| poisoned.cause())?[999], 0.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Array<T> = Shared<Lock<[T]>>;

// SAFETY: as for `Arc<T>`: a `Shared` gives out `&T` on whatever thread it is, which needs `T: Sync`;
// it never gives the value itself away. The hold is Sync.
unsafe impl<T: ?Sized + Place + Sync> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Place + Sync> Sync for Shared<T> {}

impl<T: ShmSafe> Shared<T> {
    /// Puts `value` into shared memory.
    ///
    /// # Errors
    /// The program's shared memory is used up or cannot be made.
    pub fn new(value: T) -> io::Result<Shared<T>> {
        let shared = Shared::<T>::from_hold(place::allocate::<T>(1, false)?)?;
        // SAFETY: in bounds and aligned for T, and nobody else knows the object yet.
        unsafe { shared.value.write(value) };
        Ok(shared)
    }
}

impl<T: ShmSafe> Value<T> {
    /// Puts `value` into shared memory, under a lock.
    ///
    /// # Errors
    /// The program's shared memory is used up or cannot be made.
    pub fn locked(value: T) -> io::Result<Value<T>> {
        Shared::new(Lock::new(value))
    }
}

impl<T: ShmSafe> Array<T> {
    /// `len` values that are all zero, under a lock. Memory is used only where it is written to.
    ///
    /// # Errors
    /// The program's shared memory is used up or cannot be made.
    pub fn zeroed(len: usize) -> io::Result<Array<T>>
    where
        T: Zeroable,
    {
        // All-zero bytes are a new lock as well.
        Shared::from_hold(place::allocate::<Lock<[T]>>(len, true)?)
    }

    /// A copy of `values`, under a lock.
    ///
    /// # Errors
    /// The program's shared memory is used up or cannot be made.
    pub fn from_slice(values: &[T]) -> io::Result<Array<T>>
    where
        T: Copy,
    {
        let hold = place::allocate::<Lock<[T]>>(values.len(), false)?;
        let start = place::address::<Lock<[T]>>(&hold)?.cast::<u8>();
        let (_, offset) = Lock::<[T]>::slice_layout(values.len()).map_err(io::Error::other)?;
        // SAFETY: the lock's words, then the values, all within a block that nobody else knows yet;
        // all-zero bytes are a new lock.
        unsafe {
            start.write_bytes(0, offset);
            let first = start.add(offset).cast::<T>();
            first.copy_from_nonoverlapping(NonNull::from(values).cast(), values.len());
        }
        Shared::from_hold(hold)
    }
}

impl<T: ShmSafe> Shared<RwLock<[T]>> {
    /// `len` values that are all zero, under a lock that many can read at a time. Memory is used only
    /// where it is written to.
    ///
    /// # Errors
    /// The program's shared memory is used up or cannot be made.
    pub fn zeroed(len: usize) -> io::Result<Shared<RwLock<[T]>>>
    where
        T: Zeroable,
    {
        // All-zero bytes are a new lock as well.
        Shared::from_hold(place::allocate::<RwLock<[T]>>(len, true)?)
    }
}

impl<T: ?Sized + Place> Shared<T> {
    fn from_hold(hold: Hold) -> io::Result<Shared<T>> {
        let value = place::address(&hold)?;
        Ok(Shared::of(value, hold))
    }

    /// The value in the object that the process has this hold on.
    pub(crate) fn of(value: NonNull<T>, hold: Hold) -> Shared<T> {
        Shared { value, hold: Arc::new(hold), _value: PhantomData }
    }
}

impl<T: ?Sized + Place> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the object holds a T (checked by fingerprint where the handle came from) and lives
        // while the hold does; other processes change it only through what `ShmSafe` allows.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized + Place> Clone for Shared<T> {
    fn clone(&self) -> Shared<T> {
        Shared { value: self.value, hold: Arc::clone(&self.hold), _value: PhantomData }
    }
}

impl<T: ?Sized + Place + fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shared").field(&&**self).finish()
    }
}

impl<T: ?Sized + Place> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        handle::serialize(&self.hold, Role::Plain, serializer)
    }
}

impl<'de, T: ?Sized + Place> Deserialize<'de> for Shared<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Shared<T>, D::Error> {
        let hold = handle::deserialize(place::fingerprint::<T>(), Role::Plain, deserializer)?;
        Shared::from_hold(hold).map_err(serde::de::Error::custom)
    }
}
