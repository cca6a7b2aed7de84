//! Whether a process that aborts was refused memory: Windows does not tell.
//!
//! A Rust program that is refused memory ends by a fast fail, which runs no handler and has the status of any other
//! abort; and no job keeps that it has refused somebody something.

use std::io;
use std::sync::atomic::AtomicU32;

/// Such an end is an abort like any other: `note` stays as it is.
pub(crate) fn note_refused_memory(_note: &'static AtomicU32) -> io::Result<()> {
    Ok(())
}

/// There is nothing to be undone.
pub(crate) fn forget() {}
