//! This process itself.
#![expect(unsafe_code, reason = "asks the system about this process, and ends it")]

use std::cmp::Ordering;
use std::ffi::{CStr, OsStr};
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::AsRawHandle;
use std::sync::OnceLock;
use std::{io, process, thread};

use windows_sys::Win32::Globalization::{CSTR_EQUAL, CompareStringOrdinal};
use windows_sys::Win32::System::ProcessStatus::{K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetProcessAffinityMask, OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION,
    TerminateProcess,
};

use super::object::owned;

#[link(name = "ntdll")]
unsafe extern "system" {
    fn RtlDllShutdownInProgress() -> u8;
}

static HOOK: OnceLock<extern "C" fn()> = OnceLock::new();

/// Calls `f` when `main` returns, or this process exits by [`exit`]. `std::process::exit` calls nobody while there are
/// other threads.
pub(crate) fn at_exit(f: extern "C" fn()) -> io::Result<()> {
    let _ = HOOK.set(f);
    // SAFETY: the function is a static of this image, which is never unloaded before the exit.
    if unsafe { libc::atexit(run_hook) } == 0 {
        Ok(())
    } else {
        Err(io::ErrorKind::OutOfMemory.into())
    }
}

extern "C" fn run_hook() {
    // Some C libraries call it although all other threads are gone already, which may have held any lock.
    // SAFETY: takes nothing.
    if unsafe { RtlDllShutdownInProgress() } == 0
        && let Some(hook) = HOOK.get()
    {
        hook();
    }
}

/// Exits normally.
pub(crate) fn exit(code: i32) -> ! {
    run_hook();
    process::exit(code)
}

/// Ends all threads of this process now; nothing of it runs any more.
pub(crate) fn leave(code: i32) -> ! {
    // SAFETY: of this process itself, which does not come back.
    unsafe { TerminateProcess(GetCurrentProcess(), code as u32) };
    process::abort()
}

/// The system starts threads of its own in every process, and does not say which.
pub(crate) fn thread_count() -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Listings show the name of the file that was started.
pub(crate) fn name_command(_: &CStr) {}

/// The most memory that a process has had at a time, in bytes.
pub(crate) fn peak_memory(id: u32) -> Option<u64> {
    // SAFETY: takes numbers. The handle is new.
    let process = unsafe { owned(OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, id)) }.ok()?;
    let mut counters = PROCESS_MEMORY_COUNTERS::default();
    let size = size_of_val(&counters) as u32;
    // SAFETY: a process that is open, and a local of that size.
    let told = unsafe { K32GetProcessMemoryInfo(process.as_raw_handle(), &raw mut counters, size) };
    (told != 0 && counters.PeakWorkingSetSize > 0).then_some(counters.PeakWorkingSetSize as u64)
}

/// How many processors this process may use. Never 0.
pub(crate) fn cpu_count() -> usize {
    let (mut ours, mut all) = (0_usize, 0_usize);
    // SAFETY: of this process itself, and two locals to write to.
    unsafe { GetProcessAffinityMask(GetCurrentProcess(), &raw mut ours, &raw mut all) };
    // Nothing is said of a process whose threads are in several groups of processors.
    match ours.count_ones() {
        0 => thread::available_parallelism().map_or(1, usize::from),
        some => some as usize,
    }
}

/// Whether two names are of the same variable.
pub(crate) fn is_same_variable(one: &OsStr, other: &OsStr) -> bool {
    let wide = |name: &OsStr| name.encode_wide().collect::<Vec<_>>();
    compare(&wide(one), &wide(other)).is_eq()
}

/// Compares names of variables as the system does, for which upper and lower case are the same: letter by letter.
pub(super) fn compare(one: &[u16], other: &[u16]) -> Ordering {
    let (len, other_len) = (one.len() as i32, other.len() as i32);
    // SAFETY: both texts, with their lengths.
    let order = unsafe { CompareStringOrdinal(one.as_ptr(), len, other.as_ptr(), other_len, 1) };
    order.cmp(&CSTR_EQUAL)
}
