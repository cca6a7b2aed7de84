//! SIGINT, kept from a child that is to be left to its parent.
//!
//! The child is born with the signal blocked, so that one that comes before it can say that it
//! ignores it waits; to ignore it then discards the one that waits. Dispositions are inherited, so
//! for the child's own children it goes back to the default.
#![expect(unsafe_code, reason = "signal dispositions and masks are foreign functions")]

use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Whether [`ignore`] was called in this process.
static IGNORED: AtomicBool = AtomicBool::new(false);

/// Ignores the signal in this process, which was born with it blocked.
pub(crate) fn ignore() {
    // SAFETY: no handler is installed that could run.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) };
    release();
    IGNORED.store(true, Relaxed);
}

/// Undoes [`ignore`] in this process, a fork of one that called it.
pub(crate) fn restore() {
    if IGNORED.swap(false, Relaxed) {
        // SAFETY: no handler is installed that could run.
        unsafe { libc::signal(libc::SIGINT, libc::SIG_DFL) };
    }
}

/// Lets the signal through in this process, which was born with it blocked and is not to ignore it.
pub(crate) fn release() {
    let interrupt = set();
    // SAFETY: the set is initialised and only read.
    unsafe {
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const interrupt, ptr::null_mut());
    }
}

/// Whether this process was told to ignore the signal.
pub(crate) fn is_ignored() -> bool {
    IGNORED.load(Relaxed)
}

/// The signal alone.
pub(crate) fn set() -> libc::sigset_t {
    let mut set = no_signals();
    // SAFETY: the set is initialised.
    unsafe { libc::sigaddset(&raw mut set, libc::SIGINT) };
    set
}

/// The empty set of signals.
pub(crate) fn no_signals() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset writes the whole set.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        set.assume_init()
    }
}
