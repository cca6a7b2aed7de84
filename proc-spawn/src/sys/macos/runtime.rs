//! This process itself.
#![expect(unsafe_code, reason = "asks the system about processes")]

use std::ffi::CStr;
use std::mem::{self, MaybeUninit};
use std::{io, process};

pub(crate) use crate::sys::unix::runtime::{at_exit, cpu_count, exit, is_same_variable, leave};

/// How many threads this process has.
pub(crate) fn thread_count() -> io::Result<usize> {
    let mut info = MaybeUninit::<libc::proc_taskinfo>::uninit();
    let (id, flavor) = (process::id() as i32, libc::PROC_PIDTASKINFO);
    let (info_at, size) = (info.as_mut_ptr().cast(), size_of_val(&info) as i32);
    // SAFETY: writes at most that many bytes.
    if unsafe { libc::proc_pidinfo(id, flavor, 0, info_at, size) } != size {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it has written all of it.
    Ok(unsafe { info.assume_init() }.pti_threadnum as usize)
}

/// Listings show the name of the file that was started.
pub(crate) fn name_command(_: &CStr) {}

/// The most memory that a process has had at a time, in bytes, as the system counts what a process is charged for.
pub(crate) fn peak_memory(id: u32) -> Option<u64> {
    // SAFETY: an all-zero one is a value of it.
    let mut usage: libc::rusage_info_v4 = unsafe { mem::zeroed() };
    // SAFETY: writes one of that flavour.
    let done =
        unsafe { libc::proc_pid_rusage(id as i32, libc::RUSAGE_INFO_V4, (&raw mut usage).cast()) };
    (done == 0).then_some(usage.ri_lifetime_max_phys_footprint)
}
