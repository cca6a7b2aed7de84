//! This process itself.
#![expect(unsafe_code, reason = "unshare and prctl have no safe form")]

use std::ffi::CStr;
use std::os::unix::fs::MetadataExt;
use std::{fs, io};

pub(crate) use crate::sys::unix::runtime::{at_exit, cpu_count, exit, is_same_variable, leave};

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
