//! This process itself.
#![expect(unsafe_code, reason = "atexit, _exit and prctl have no safe form")]

use std::ffi::{CStr, OsStr};
use std::fs;
use std::os::unix::fs::MetadataExt;
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

/// How many threads this process has.
pub(crate) fn thread_count() -> io::Result<usize> {
    // One thread has no other to part from, so the kernel does nothing; to one of many it is refused, and
    // to everybody where system calls are filtered.
    // SAFETY: takes an integer.
    if unsafe { libc::unshare(libc::CLONE_THREAD) } == 0 {
        return Ok(1);
    }
    // One link for each thread, beside the directory's own two.
    Ok(fs::metadata("/proc/self/task")?.nlink().saturating_sub(2) as usize)
}

/// What process listings show instead of `exe`, the name of the link that was started.
pub(crate) fn name_command(name: &CStr) {
    // SAFETY: the kernel copies at most 16 bytes of the string.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
}

/// The most memory that a process has had at a time, in bytes.
pub(crate) fn peak_memory(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
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
