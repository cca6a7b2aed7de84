//! macOS.
#![expect(unsafe_code, reason = "system calls")]

/// The kernel's number of the calling thread, for [`until_asleep`].
pub fn thread_id() -> u64 {
    let mut id = 0;
    // SAFETY: valid for writes; 0 is the calling thread, which exists.
    unsafe { libc::pthread_threadid_np(0, &raw mut id) };
    id
}

/// `PROC_PIDTHREADID64INFO`.
const THREAD_BY_ID: libc::c_int = 15;
/// `TH_STATE_WAITING`.
const WAITING: i32 = 3;

/// Returns when a thread of this process sleeps in the kernel.
pub fn until_asleep(thread: u64) {
    loop {
        // SAFETY: all-zero bytes are a valid value, which is valid for writes of its size.
        let info = unsafe {
            let mut info: libc::proc_threadinfo = std::mem::zeroed();
            let size = size_of::<libc::proc_threadinfo>() as libc::c_int;
            let pid = libc::getpid();
            libc::proc_pidinfo(pid, THREAD_BY_ID, thread, (&raw mut info).cast(), size);
            info
        };
        if info.pth_run_state == WAITING {
            return;
        }
        std::thread::yield_now();
    }
}

/// The kernel kills no orphans: they end by their alarm.
pub fn die_with_parent() {}
