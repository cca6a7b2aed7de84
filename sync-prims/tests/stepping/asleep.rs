//! Threads that have gone to sleep.
#![expect(unsafe_code, reason = "asks for a thread's number")]

/// The kernel's number of the calling thread, for [`until_asleep`].
pub fn thread_id() -> i32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::gettid() }
}

/// Whether a thread (of any process) sleeps in the kernel.
pub fn is_asleep(thread: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{thread}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('S'))
}

/// Returns when all other threads of this process sleep.
pub fn until_others_sleep() {
    let threads = std::fs::read_dir("/proc/self/task").expect("this process's threads");
    let names = threads.filter_map(|thread| thread.ok()?.file_name().into_string().ok());
    let others = names.filter_map(|name| name.parse().ok()).filter(|id| *id != thread_id());
    others.for_each(until_asleep);
}

/// Returns when a thread sleeps.
pub fn until_asleep(thread: i32) {
    while !is_asleep(thread) {
        std::thread::yield_now();
    }
}
