//! Linux.
#![expect(unsafe_code, reason = "system calls")]

/// The kernel's number of the calling thread, for [`until_asleep`].
pub fn thread_id() -> u64 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::gettid() as u64 }
}

/// Returns when a thread (of any process) sleeps in the kernel.
pub fn until_asleep(thread: u64) {
    loop {
        let stat = std::fs::read_to_string(format!("/proc/{thread}/stat")).unwrap_or_default();
        if stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('S')) {
            return;
        }
        std::thread::yield_now();
    }
}

/// Has a child killed when its parent is gone.
pub fn die_with_parent() {
    // SAFETY: a plain system call.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
}
