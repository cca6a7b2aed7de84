//! `Semaphore`, `BoundedSemaphore` and their permits.

use core::fmt;
use core::mem::ManuallyDrop;
use core::time::Duration;

use crate::deadline::Deadline;
use crate::raw;
use crate::raw::semaphore::{Holders, SemaphoreWords};
use crate::scope::Scope;

/// A number of permits: whoever holds one may go on, the others wait.
///
/// Use it through its aliases [`thread::Semaphore`](crate::thread::Semaphore) and
/// [`process::Semaphore`](crate::process::Semaphore). A [`Permit`] comes back when it is dropped.
/// As a signal, one side calls [`release`](Self::release) and the other
/// `acquire().`[`forget()`](Permit::forget). A [`BoundedSemaphore`] refuses to be released too
/// often; for one permit around a value, take a [`Lock`](crate::Lock).
///
/// ```
/// use sync_prims::thread::Semaphore;
///
/// let seats = Semaphore::new(2);
/// let first = seats.acquire();
/// let second = seats.acquire();
/// assert!(seats.try_acquire().is_none());
/// drop(first);
/// assert_eq!(seats.available(), 1);
/// # drop(second);
/// ```
///
/// # Process death
///
/// The permits that a dead process held come back, to those who wait as to those who try. Those
/// that were forgotten or released by the dead stay as they are. In memory that is not registered nothing comes back.
///
/// # Panics
///
/// In the process scope, acquiring panics if [`MAX_HOLDERS`](crate::MAX_HOLDERS) other living
/// processes hold permits, or if this one holds 268,435,455.
#[doc(alias = "threading.Semaphore")]
#[doc(alias = "multiprocessing.Semaphore")]
pub struct Semaphore<S: Scope> {
    words: SemaphoreWords<S::Holders>,
}

/// A [`Semaphore`] that cannot have more permits than at first.
///
/// ```
/// use sync_prims::thread::BoundedSemaphore;
///
/// let seats = BoundedSemaphore::new(1);
/// assert!(seats.release(1).is_err());
/// seats.acquire().forget();
/// assert!(seats.release(1).is_ok());
/// ```
#[doc(alias = "threading.BoundedSemaphore")]
#[doc(alias = "multiprocessing.BoundedSemaphore")]
pub struct BoundedSemaphore<S: Scope> {
    words: SemaphoreWords<S::Holders>,
}

/// A permit of a [`Semaphore`] or [`BoundedSemaphore`]; it comes back when dropped, on whichever
/// thread.
#[must_use = "the permit goes back when this is dropped"]
#[clippy::has_significant_drop]
pub struct Permit<'a, S: Scope> {
    words: &'a SemaphoreWords<S::Holders>,
    /// The process for which the permit is noted.
    process: u32,
}

/// More permits were released than there were at first; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more permits were released than the semaphore had at first")]
pub struct OverRelease;

const fn checked(permits: usize) -> u32 {
    assert!(permits <= u32::MAX as usize, "a semaphore has at most 4,294,967,295 permits");
    permits as u32
}

impl<S: Scope> Semaphore<S> {
    /// A semaphore with that many permits.
    ///
    /// # Panics
    ///
    /// If it is more than 4,294,967,295.
    pub const fn new(permits: usize) -> Self {
        Self { words: SemaphoreWords::new(checked(permits), u32::MAX) }
    }

    /// Adds permits and wakes as many waiters. Adding none does nothing.
    ///
    /// # Panics
    ///
    /// If there would be more than 4,294,967,295 permits, counting those that are held.
    pub fn release(&self, permits: usize) {
        let permits = checked(permits);
        let done = permits == 0 || S::Holders::release(&self.words, permits);
        assert!(done, "a semaphore has at most 4,294,967,295 permits");
    }
}

impl<S: Scope> BoundedSemaphore<S> {
    /// A semaphore with that many permits, and never more.
    ///
    /// # Panics
    ///
    /// If it is more than 4,294,967,295.
    pub const fn new(permits: usize) -> Self {
        Self { words: SemaphoreWords::new(checked(permits), checked(permits)) }
    }

    /// Adds permits in place of forgotten ones, and wakes as many waiters. Adding none does
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`OverRelease`] if there would be more permits than at first, counting those that are held.
    pub fn release(&self, permits: usize) -> Result<(), OverRelease> {
        let permits = u32::try_from(permits).map_err(|_| OverRelease)?;
        if permits == 0 || S::Holders::release(&self.words, permits) {
            Ok(())
        } else {
            Err(OverRelease)
        }
    }
}

/// The methods that both semaphores have.
macro_rules! acquiring {
    ($name:ident, $text:literal) => {
        impl<S: Scope> $name<S> {
            /// Takes a permit, waiting as long as it takes.
            #[inline]
            pub fn acquire(&self) -> Permit<'_, S> {
                match S::Holders::acquire(&self.words, Deadline::never()) {
                    Some(process) => Permit { words: &self.words, process },
                    None => raw::endless_wait_ended(),
                }
            }

            /// Takes a permit if one is free.
            #[inline]
            pub fn try_acquire(&self) -> Option<Permit<'_, S>> {
                let process = S::Holders::try_acquire(&self.words)?;
                Some(Permit { words: &self.words, process })
            }

            /// Takes a permit, waiting no longer than `timeout`. A duration that the clock cannot
            /// express is for ever.
            pub fn acquire_timeout(&self, timeout: Duration) -> Option<Permit<'_, S>> {
                self.try_acquire().or_else(|| {
                    let process = S::Holders::acquire(&self.words, Deadline::after(timeout))?;
                    Some(Permit { words: &self.words, process })
                })
            }

            /// How many permits are free, at this moment. Those of a dead process are not, until
            /// somebody finds out.
            #[doc(alias = "get_value")]
            pub fn available(&self) -> usize {
                self.words.available() as usize
            }
        }

        impl<S: Scope> fmt::Debug for $name<S> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct($text).field("available", &self.available()).finish_non_exhaustive()
            }
        }
    };
}

acquiring!(Semaphore, "Semaphore");
acquiring!(BoundedSemaphore, "BoundedSemaphore");

impl<S: Scope> Default for Semaphore<S> {
    fn default() -> Self {
        Self::new(1)
    }
}

impl<S: Scope> Default for BoundedSemaphore<S> {
    fn default() -> Self {
        Self::new(1)
    }
}

impl<S: Scope> Permit<'_, S> {
    /// Keeps the permit taken for good, also past the death of this process; only `release` makes
    /// up for it.
    pub fn forget(self) {
        let permit = ManuallyDrop::new(self);
        S::Holders::forget(permit.words, permit.process);
    }
}

impl<S: Scope> Drop for Permit<'_, S> {
    #[inline]
    fn drop(&mut self) {
        S::Holders::give_back(self.words, self.process);
    }
}

impl<S: Scope> fmt::Debug for Permit<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}
