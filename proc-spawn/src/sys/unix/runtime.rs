//! This process itself, as POSIX has it.
#![expect(unsafe_code, reason = "atexit and _exit have no safe form")]

use std::ffi::OsStr;
use std::{io, process, thread};

/// Calls `f` when this process exits normally: `main` returns or `exit` is called.
pub(crate) fn at_exit(f: extern "C" fn()) -> io::Result<()> {
    // SAFETY: the function is a static of this image, which is never unloaded before the exit.
    if unsafe { libc::atexit(f) } == 0 { Ok(()) } else { Err(io::ErrorKind::OutOfMemory.into()) }
}

/// Ends all threads of this process now; nothing of it runs any more.
pub(crate) fn leave(code: i32) -> ! {
    // SAFETY: takes an integer and does not return.
    unsafe { libc::_exit(code) }
}

/// How many processors this process may use. Never 0.
pub(crate) fn cpu_count() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Whether two names are of the same variable.
pub(crate) fn is_same_variable(one: &OsStr, other: &OsStr) -> bool {
    one == other
}

/// Exits normally.
pub(crate) fn exit(code: i32) -> ! {
    process::exit(code)
}
