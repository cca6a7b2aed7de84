//! Where a thread runs.
#![expect(unsafe_code, reason = "pthread_cpu_number_np is a foreign function")]

pub(crate) use crate::sys::unix::processors::count;

/// The number of the processor that this thread is on, which may change at any time.
pub(crate) fn current() -> u32 {
    let mut number: libc::size_t = 0;
    // SAFETY: the system writes to a local. Where it cannot tell, everybody is on the same unknown processor.
    unsafe { libc::pthread_cpu_number_np(&raw mut number) };
    number as u32
}
