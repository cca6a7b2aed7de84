//! The system calls.
#![expect(unsafe_code, reason = "system calls")]

use core::time::Duration;

use crate::deadline::Deadline;
use crate::futex::{Reach, Waited, Word};

/// Nobody can sleep on two words here.
pub(crate) fn can_wait_either() -> bool {
    false
}

/// Sleeps on the first word alone.
pub(crate) fn wait_either(
    word: &impl Word,
    expected: u32,
    _other: &impl Word,
    _other_expected: u32,
    deadline: Deadline,
) -> Waited {
    super::wait(word, expected, deadline, Reach::Processes)
}

/// The monotonic clock.
pub(crate) fn now() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for writes. The clock exists on every macOS, so this cannot fail.
    unsafe { libc::clock_gettime(libc::CLOCK_UPTIME_RAW, &raw mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// What fits into a lock word of the system's number for the calling thread, which counts up from
/// the start of the machine.
pub(crate) fn thread_id() -> u32 {
    let mut id = 0u64;
    // SAFETY: valid for writes; 0 is the calling thread, which exists.
    unsafe { libc::pthread_threadid_np(0, &raw mut id) };
    ((id & 0x3FFF_FFFF) as u32).max(1)
}

/// 64 bits from the kernel's generator.
pub(crate) fn random() -> u64 {
    let mut bytes = [0u8; 8];
    // SAFETY: the buffer is valid for writes of its length.
    let failed = unsafe { libc::getentropy(bytes.as_mut_ptr().cast(), bytes.len()) };
    assert!(failed == 0, "the kernel gave no random bytes");
    u64::from_ne_bytes(bytes)
}

/// Has `before` called before every `fork` of this process, `parent` and `child` after it.
pub(crate) fn on_fork(before: extern "C" fn(), parent: extern "C" fn(), child: extern "C" fn()) {
    // SAFETY: `extern "C" fn()` and `unsafe extern "C" fn()` have one ABI; the functions are
    // never unloaded, being part of the program.
    let failed = unsafe { libc::pthread_atfork(Some(before), Some(parent), Some(child)) };
    assert!(failed == 0, "no memory to watch for forks");
}
