//! Where a thread runs.
#![expect(unsafe_code, reason = "sched_getcpu and sysconf are foreign functions")]

/// The number of the processor that this thread is on, which may change at any time.
pub(crate) fn current() -> u32 {
    // SAFETY: takes nothing and touches no memory of ours. It fails where the system cannot tell; then
    // everybody is on the same unknown processor.
    unsafe { libc::sched_getcpu() as u32 }
}

/// How many processors the machine has, whoever may use them.
pub(crate) fn count() -> usize {
    // SAFETY: takes a number and touches no memory of ours.
    let count = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    // It fails where the system cannot tell.
    usize::try_from(count).unwrap_or(usize::MAX)
}
