//! What POSIX lets a kernel allow this process.
#![expect(unsafe_code, reason = "setrlimit and setpriority are foreign functions")]

use std::io;
use std::mem::MaybeUninit;
use std::time::Duration;

/// A signal comes when so much time is used up, which can be handled, and one more a second later.
pub(in crate::sys) fn limit_cpu_time(time: Duration) -> io::Result<()> {
    let seconds = whole_seconds(time);
    limit(libc::RLIMIT_CPU, seconds, seconds.saturating_add(1))
}

/// At least one: at 0 seconds some kernels limit nothing and others end the process at once.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0)).max(1)
}

#[cfg(target_env = "gnu")]
type Resource = libc::__rlimit_resource_t;
#[cfg(not(target_env = "gnu"))]
type Resource = libc::c_int;

/// Never above what this process was allowed before.
pub(in crate::sys) fn limit(what: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let mut limit = MaybeUninit::<libc::rlimit>::uninit();
    // SAFETY: the kernel writes one rlimit, which is read only if it did, and reads one.
    unsafe {
        check(libc::getrlimit(what, limit.as_mut_ptr()))?;
        let ceiling = limit.assume_init().rlim_max;
        let limit = libc::rlimit { rlim_cur: soft.min(ceiling), rlim_max: hard.min(ceiling) };
        check(libc::setrlimit(what, &raw const limit))
    }
}

/// So much nicer than it was.
pub(in crate::sys) fn be_nicer(increment: i32) -> io::Result<()> {
    // SAFETY: both take integers. -1 is a niceness as well as a failure, but of oneself it cannot
    // fail.
    check(unsafe {
        let now = libc::getpriority(libc::PRIO_PROCESS, 0);
        libc::setpriority(libc::PRIO_PROCESS, 0, now.saturating_add(increment))
    })
}

pub(in crate::sys) fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
