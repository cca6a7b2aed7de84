//! The mutex that C programs share between processes.
#![expect(unsafe_code, reason = "pthread's mutex")]

use std::cell::UnsafeCell;
use std::fmt;
use std::hint::black_box;
use std::io;
use std::mem::MaybeUninit;

use crate::measure::{Missing, Outcome, Rounds, Task};
use crate::peer::sys::robust;
use crate::workload::counter;
use crate::workload::primitives::alone;

/// A value behind a `pthread_mutex_t` that processes could share (`PTHREAD_PROCESS_SHARED`). It lies in
/// memory of this process alone, which makes no difference to its speed.
pub struct PthreadMutex {
    /// Where it is initialised it stays.
    mutex: Box<UnsafeCell<libc::pthread_mutex_t>>,
    value: UnsafeCell<u64>,
}

// SAFETY: the value is reached under the lock alone, and the mutex is made to be shared.
unsafe impl Sync for PthreadMutex {}
// SAFETY: `update` gives no thread a mutex that is locked, so it is never destroyed as one.
unsafe impl Send for PthreadMutex {}

impl PthreadMutex {
    /// Zero behind a mutex that does (`is_robust`) or does not tell the next owner of its owner's death.
    ///
    /// # Errors
    ///
    /// The C library has no such mutex: `Unsupported`.
    pub fn new(is_robust: bool) -> io::Result<Self> {
        let mut kind = MaybeUninit::<libc::pthread_mutexattr_t>::uninit();
        let mutex = Box::new(UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER));
        // SAFETY: the attributes are initialised first and destroyed last; nobody uses the mutex yet.
        let results = unsafe {
            let kind = kind.as_mut_ptr();
            [
                libc::pthread_mutexattr_init(kind),
                libc::pthread_mutexattr_setpshared(kind, libc::PTHREAD_PROCESS_SHARED),
                robust::set(kind, is_robust),
                libc::pthread_mutex_init(mutex.get(), kind),
                libc::pthread_mutexattr_destroy(kind),
            ]
        };
        match results.into_iter().find(|&result| result != 0) {
            Some(error) => Err(io::Error::from_raw_os_error(error)),
            None => Ok(Self { mutex, value: UnsafeCell::new(0) }),
        }
    }

    /// Runs `f` on the value, under the lock. It must not panic and not come back here.
    #[inline]
    pub fn update(&self, f: impl FnOnce(&mut u64)) {
        // SAFETY: initialised, and in its place.
        let locked = unsafe { libc::pthread_mutex_lock(self.mutex.get()) };
        assert_eq!(locked, 0, "no owner dies here");
        // SAFETY: the lock is held.
        f(unsafe { &mut *self.value.get() });
        // SAFETY: this thread has locked it.
        unsafe { libc::pthread_mutex_unlock(self.mutex.get()) };
    }
}

impl Drop for PthreadMutex {
    fn drop(&mut self) {
        // SAFETY: initialised, and nobody else has it any more.
        unsafe { libc::pthread_mutex_destroy(self.mutex.get()) };
    }
}

impl fmt::Debug for PthreadMutex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PthreadMutex").finish_non_exhaustive()
    }
}

/// A robust one, where there is any.
fn robust_one() -> Outcome<PthreadMutex> {
    PthreadMutex::new(true).map_err(|error| match error.kind() {
        io::ErrorKind::Unsupported => Missing("the system has no robust mutex".to_owned()).into(),
        _ => error.into(),
    })
}

/// Locked and unlocked by one thread.
pub(crate) fn lock(_: &Task) -> Outcome<Rounds> {
    let mutex = robust_one()?;
    Ok(alone(move || black_box(&mutex).update(|value| *value += 1)))
}

/// Four threads that want it at once.
pub(crate) fn counter(_: &Task) -> Outcome<Rounds> {
    // Whether there is any is told before the first round.
    robust_one()?;
    Ok(Box::new(|amount| {
        let mutex = robust_one()?;
        let total = || {
            let mut total = 0;
            mutex.update(|value| total = *value);
            total
        };
        counter::with_threads(amount, || mutex.update(|value| *value += 1), total)
    }))
}
