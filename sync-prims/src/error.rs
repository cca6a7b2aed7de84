//! What locking can fail with.

use core::error::Error;
use core::fmt;

/// A guard, or the guard with the news that the data may be half changed.
pub type LockResult<G> = Result<G, Poisoned<G>>;

/// As [`LockResult`], where locking may also find the lock taken.
pub type TryLockResult<G> = Result<G, TryLockError<G>>;

/// Why a lock is poisoned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum PoisonCause {
    /// A thread panicked while it held the lock.
    #[error("a thread panicked while it held the lock")]
    Panicked,
    /// A process died while one of its threads held the lock.
    #[error("process {pid} died while it held the lock")]
    OwnerDied {
        /// The number of the process, as it was known to itself. By now it may be another's.
        pid: u32,
    },
}

/// The lock was taken, but whoever held it before left in the middle of something.
///
/// The data may be half changed. Either look at it and repair it, and then say so with
/// [`recover`](Self::recover); or use it as it is with [`into_inner`](Self::into_inner), after
/// which the next locker is told again. Dropping this unlocks and leaves the poison.
///
/// ```
/// use sync_prims::{PoisonCause, thread::Lock};
///
/// let lock = Lock::new(1);
/// std::thread::scope(|scope| {
///     let dies = scope.spawn(|| {
///         let _guard = lock.lock();
///         panic!("in the middle of something");
///     });
///     assert!(dies.join().is_err());
/// });
/// let poisoned = lock.lock().unwrap_err();
/// assert_eq!(poisoned.cause(), PoisonCause::Panicked);
/// *poisoned.recover() = 2;
/// assert_eq!(*lock.lock().map_err(|poisoned| poisoned.cause())?, 2);
/// # Ok::<(), PoisonCause>(())
/// ```
pub struct Poisoned<G> {
    guard: G,
    cause: PoisonCause,
}

impl<G> Poisoned<G> {
    /// What happened. An error of its own, so that `.map_err(|p| p.cause())?` leaves a function.
    pub fn cause(&self) -> PoisonCause {
        self.cause
    }

    /// The guard as it is; the lock stays poisoned, and the next locker is told again.
    pub fn into_inner(self) -> G {
        self.guard
    }

    /// The guard, with the data declared consistent: the lock is no longer poisoned.
    pub fn recover(self) -> G
    where
        G: Recover,
    {
        self.guard.clear_poison();
        self.guard
    }

    pub(crate) fn map<H>(self, f: impl FnOnce(G) -> H) -> Poisoned<H> {
        Poisoned { guard: f(self.guard), cause: self.cause }
    }
}

/// The guard of a lock of this health.
#[inline]
pub(crate) fn with_health<G>(health: Result<(), PoisonCause>, guard: G) -> LockResult<G> {
    match health {
        Ok(()) => Ok(guard),
        Err(cause) => Err(Poisoned { guard, cause }),
    }
}

/// A guard through which the poison of its lock can be taken away.
pub trait Recover: sealed::Recover {}

pub(crate) mod sealed {
    pub trait Recover {
        fn clear_poison(&self);
    }
}

impl<G: sealed::Recover> Recover for G {}

// What a timed wait on a condition returns.
impl<G: sealed::Recover> sealed::Recover for (G, crate::condition::WaitTimeoutResult) {
    fn clear_poison(&self) {
        self.0.clear_poison();
    }
}

impl<G> fmt::Debug for Poisoned<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poisoned").field("cause", &self.cause).finish_non_exhaustive()
    }
}

impl<G> fmt::Display for Poisoned<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl<G> Error for Poisoned<G> {}

/// The lock was not taken, or it is [`Poisoned`].
pub enum TryLockError<G> {
    /// Somebody else has the lock: at this moment, or for as long as the caller was ready to wait.
    /// Also while a dead owner's process may still write to the data.
    WouldBlock,
    /// The lock was taken, and is poisoned.
    Poisoned(Poisoned<G>),
}

impl<G> From<Poisoned<G>> for TryLockError<G> {
    fn from(poisoned: Poisoned<G>) -> Self {
        Self::Poisoned(poisoned)
    }
}

impl<G> fmt::Debug for TryLockError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WouldBlock => f.write_str("WouldBlock"),
            Self::Poisoned(poisoned) => f.debug_tuple("Poisoned").field(poisoned).finish(),
        }
    }
}

impl<G> fmt::Display for TryLockError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WouldBlock => f.write_str("the lock is held by another"),
            Self::Poisoned(poisoned) => poisoned.fmt(f),
        }
    }
}

impl<G> Error for TryLockError<G> {}
