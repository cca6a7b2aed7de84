//! A plain fork copies our memory but not our place in the program: the child must notice.
#![expect(unsafe_code, reason = "pthread_atfork is a foreign function")]

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

static FORKED: AtomicBool = AtomicBool::new(false);

extern "C" fn in_child() {
    // Relaxed: the child of a fork has one thread, and the fork itself orders the rest.
    FORKED.store(true, Ordering::Relaxed);
}

/// Starts watching. Call once.
pub(crate) fn watch() -> io::Result<()> {
    // SAFETY: the handler only stores to an atomic, which is allowed in the child of a fork.
    match unsafe { libc::pthread_atfork(None, None, Some(in_child)) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

/// The child of a fork has a place of its own.
pub(crate) fn settle() {
    // Relaxed: it has one thread.
    FORKED.store(false, Ordering::Relaxed);
}

/// Whether this process is the child of a fork of the process that called [`watch`], and has no place.
pub(crate) fn forked() -> bool {
    FORKED.load(Ordering::Relaxed)
}
