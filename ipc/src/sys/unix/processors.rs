//! The processors of the machine.
#![expect(unsafe_code, reason = "sysconf is a foreign function")]

/// How many processors the machine has, whoever may use them.
pub(crate) fn count() -> usize {
    // SAFETY: takes a number and touches no memory of ours.
    let count = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    // It fails where the system cannot tell.
    usize::try_from(count).unwrap_or(usize::MAX)
}
