//! A real crash: what the isolation of processes is for.
#![expect(unsafe_code, reason = "breaks memory safety on purpose, to be stopped for it")]

use std::ptr;

/// Writes to memory that may not be written, for which the kernel ends the process.
pub(crate) fn now() {
    let no_core = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: reads one rlimit, which lives through the call. There is nothing to learn from a core
    // dump of this.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const no_core) };
    // SAFETY: a new private mapping, wherever there is room: nothing else is changed.
    let page = unsafe {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        libc::mmap(ptr::null_mut(), 1, libc::PROT_NONE, flags, -1, 0)
    };
    if page != libc::MAP_FAILED {
        // SAFETY: none: the page may not be written. The kernel sees to it that the process ends
        // here, before anything else could come of it.
        unsafe { page.cast::<u8>().write_volatile(1) };
    }
}

#[cfg(target_os = "linux")]
const OF_ONE: i32 = libc::SIGSEGV;
/// The page is there, so it is not the usual one (`ux_exception` in XNU's `bsd/uxkern/ux_exception.c`).
#[cfg(target_os = "macos")]
const OF_ONE: i32 = libc::SIGBUS;

/// Whether that is the signal that it ends by.
pub(crate) fn is_of_one(signal: i32) -> bool {
    signal == OF_ONE
}
