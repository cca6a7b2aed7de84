//! Mutexes that tell the next owner of their owner's death: there are none.
#![expect(unsafe_code, reason = "has the signature of what Linux has")]

/// Gives 0, or the number of an error if a robust one is wanted.
///
/// # Safety
///
/// None is needed.
pub(crate) unsafe fn set(_kind: *mut libc::pthread_mutexattr_t, robust: bool) -> libc::c_int {
    if robust { libc::ENOSYS } else { 0 }
}
