//! `Owned<T>`: one value that one process has at a time.
#![expect(unsafe_code, reason = "makes references to values in shared memory")]

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sync_prims::process::Lock;
use sync_prims::{ShmSafe, Zeroable};

use crate::handle::{self, Hold, Unique};
use crate::heap::Role;
use crate::message;
use crate::place::{self, Place};
use crate::shared::Shared;

/// A `Box` across processes: a value in shared memory that belongs to one process at a time and moves
/// with a message, without being copied, however large it is.
///
/// To use one value in several processes at the same time, [`freeze`](Owned::freeze) it or put it into a
/// [`Shared`] to begin with.
///
/// # Sending
///
/// A send moves the value: afterwards only the receiver has it. An `Owned` that is encoded but does not
/// end with the message that contains it (because it is in an `Arc` that somebody else has too, or is
/// forgotten) is not sent: the send fails with `Encode`, and nobody else gets the value. A message with
/// an `Owned` is given back by [`Full`](crate::SendError::Full), [`Timeout`](crate::SendError::Timeout) and
/// [`Disconnected`](crate::SendError::Disconnected) as any other. In the moment between finding room and
/// taking it another sender may be faster; then the send fails with `Io` and the value is freed.
///
/// # Process death
///
/// The value is freed with the process that has it, or with the message that it is in.
///
/// # Examples
///
/// ```
/// let mut array = ipc::Owned::<[f64]>::zeroed(1_000_000)?;
/// array[7] = 0.5;
/// let (sender, receiver) = ipc::channel(1)?;
/// sender.send(array)?;
/// let array = receiver.recv()?;
/// assert_eq!((array.len(), array[7]), (1_000_000, 0.5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Owned<T: ?Sized + Place> {
    value: NonNull<T>,
    hold: Unique,
    _value: PhantomData<T>,
}

// SAFETY: as for `Box<T>`.
unsafe impl<T: ?Sized + Place + Send> Send for Owned<T> {}
// SAFETY: as for `Box<T>`.
unsafe impl<T: ?Sized + Place + Sync> Sync for Owned<T> {}

impl<T: ShmSafe> Owned<T> {
    /// Puts `value` into shared memory.
    ///
    /// # Errors
    /// The program's shared memory is used up or cannot be made.
    pub fn new(value: T) -> io::Result<Owned<T>> {
        let owned = Owned::<T>::from_hold(place::allocate::<T>(1, false)?)?;
        // SAFETY: in bounds and aligned for T, and nobody else knows the object yet.
        unsafe { owned.value.write(value) };
        Ok(owned)
    }
}

impl<T: ShmSafe> Owned<[T]> {
    /// `len` values that are all zero. Memory is used only where it is written to.
    ///
    /// # Errors
    /// The program's shared memory is used up or cannot be made.
    pub fn zeroed(len: usize) -> io::Result<Owned<[T]>>
    where
        T: Zeroable,
    {
        Owned::from_hold(place::allocate::<[T]>(len, true)?)
    }

    /// A copy of `values`.
    ///
    /// # Errors
    /// The program's shared memory is used up or cannot be made.
    pub fn from_slice(values: &[T]) -> io::Result<Owned<[T]>>
    where
        T: Copy,
    {
        let owned = Owned::<[T]>::from_hold(place::allocate::<[T]>(values.len(), false)?)?;
        // SAFETY: room for as many values, in a block that nobody else knows yet.
        unsafe {
            let first = owned.value.cast::<T>();
            first.copy_from_nonoverlapping(NonNull::from(values).cast(), values.len());
        }
        Ok(owned)
    }
}

impl<T: ?Sized + Place> Owned<T> {
    fn from_hold(hold: Hold) -> io::Result<Owned<T>> {
        let value = place::address(&hold)?;
        Ok(Owned { value, hold: Unique::new(hold), _value: PhantomData })
    }

    /// Lets others use the value too, without a copy. From now on it changes only through what it is
    /// made of.
    pub fn freeze(self) -> Shared<T> {
        Shared::of(self.value, self.hold.into_hold())
    }
}

impl<T: ?Sized + Place> Deref for Owned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the object holds a T (checked by fingerprint where the handle came from), lives while
        // the hold does, and this is the only handle to it.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized + Place> DerefMut for Owned<T> {
    /// # Panics
    /// A guard of a lock in the value was forgotten ([`std::mem::forget`]): the lock is held for as long
    /// as this process lives and must stay where it is.
    fn deref_mut(&mut self) -> &mut T {
        // Anything smaller has no room for a lock.
        if size_of::<T::Element>() >= size_of::<Lock<()>>() {
            assert!(!self.hold.is_locked(), "a guard of a lock in this value was forgotten");
        }
        // SAFETY: as for `deref`; nobody else has a reference, as there is no other handle. No list of
        // held locks leads into the value, as was just checked.
        unsafe { self.value.as_mut() }
    }
}

impl<T: ?Sized + Place + fmt::Debug> fmt::Debug for Owned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Owned").field(&&**self).finish()
    }
}

impl<T: ?Sized + Place> Serialize for Owned<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        handle::serialize_unique(&self.hold, serializer)
    }
}

impl<'de, T: ?Sized + Place> Deserialize<'de> for Owned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Owned<T>, D::Error> {
        let hold = handle::deserialize(place::fingerprint::<T>(), Role::Plain, deserializer)?;
        if !hold.is_only_one() {
            let why = "this handle is to something that others use as well";
            return Err(D::Error::custom(message::refuse(why.to_owned())));
        }
        Owned::from_hold(hold).map_err(D::Error::custom)
    }
}
