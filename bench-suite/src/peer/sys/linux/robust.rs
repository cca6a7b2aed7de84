//! Mutexes that tell the next owner of their owner's death.
#![expect(unsafe_code, reason = "pthread's attributes")]

/// Sets whether a mutex of that kind does; gives 0, or the number of an error.
///
/// # Safety
///
/// The attributes are initialised.
pub(crate) unsafe fn set(kind: *mut libc::pthread_mutexattr_t, robust: bool) -> libc::c_int {
    let robustness = if robust { libc::PTHREAD_MUTEX_ROBUST } else { libc::PTHREAD_MUTEX_STALLED };
    // SAFETY: as the caller says.
    unsafe { libc::pthread_mutexattr_setrobust(kind, robustness) }
}
