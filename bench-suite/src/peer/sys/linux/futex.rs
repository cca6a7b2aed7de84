//! The futex alone: what everything that waits on Linux is made of.
#![expect(unsafe_code, reason = "calls the system, which std does not")]

use std::ptr;
use std::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Release},
};

use crate::measure::{Outcome, Rounds, Task};
use crate::workload::primitives::with_thread;

/// Waits until the word is set, and clears it.
fn wait(word: &AtomicU32) {
    // Acquire: with `wake`, whose Release comes before what the other does next.
    while word.swap(0, Acquire) == 0 {
        // SAFETY: the word lives through the call, which only compares it; there is no timeout.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                word.as_ptr(),
                libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
                0,
                ptr::null::<libc::timespec>(),
            )
        };
    }
}

/// Sets the word and wakes who waits for that.
fn wake(word: &AtomicU32) {
    // Release: with `wait`.
    word.store(1, Release);
    // SAFETY: the address is only looked up, never read.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
            1,
        )
    };
}

/// Two threads that wake each other.
pub(crate) fn make(_: &Task) -> Outcome<Rounds> {
    let words = (AtomicU32::new(0), AtomicU32::new(0));
    Ok(with_thread(
        words,
        |(there, back)| {
            wake(there);
            wait(back);
        },
        |(there, back)| {
            wait(there);
            wake(back);
        },
    ))
}
