//! Where a thread runs.
#![expect(unsafe_code, reason = "sched_getcpu is a foreign function")]

pub(crate) use crate::sys::unix::processors::count;

/// The number of the processor that this thread is on, which may change at any time.
pub(crate) fn current() -> u32 {
    // SAFETY: takes nothing and touches no memory of ours. It fails where the system cannot tell; then
    // everybody is on the same unknown processor.
    unsafe { libc::sched_getcpu() as u32 }
}
