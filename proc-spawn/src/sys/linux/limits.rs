//! What the kernel allows this process, which has no other thread yet: they take it over.
#![expect(
    unsafe_code,
    reason = "setrlimit, setpriority and sched_setaffinity are foreign functions"
)]

use std::io;
use std::mem::MaybeUninit;
use std::time::Duration;

use crate::settings::Limits;

/// Keeps to the limits from now on.
pub(crate) fn apply(limits: &Limits) -> io::Result<()> {
    if let Some(bytes) = limits.memory {
        limit(libc::RLIMIT_DATA, bytes, bytes)?;
    }
    if let Some(time) = limits.cpu_time {
        let seconds = whole_seconds(time);
        limit(libc::RLIMIT_CPU, seconds, seconds.saturating_add(1))?;
    }
    if let Some(increment) = limits.nice {
        be_nicer(increment)?;
    }
    if let Some(processors) = &limits.affinity {
        stay_on(processors)?;
    }
    Ok(())
}

/// At least one: at 0 seconds some kernels limit nothing and others end the process at once.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0)).max(1)
}

#[cfg(not(target_env = "musl"))]
type Resource = libc::__rlimit_resource_t;
#[cfg(target_env = "musl")]
type Resource = libc::c_int;

/// Never above what this process was allowed before.
fn limit(what: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let mut limit = MaybeUninit::<libc::rlimit>::uninit();
    // SAFETY: the kernel writes one rlimit, which is read only if it did, and reads one.
    unsafe {
        check(libc::getrlimit(what, limit.as_mut_ptr()))?;
        let ceiling = limit.assume_init().rlim_max;
        let limit = libc::rlimit { rlim_cur: soft.min(ceiling), rlim_max: hard.min(ceiling) };
        check(libc::setrlimit(what, &raw const limit))
    }
}

fn be_nicer(increment: i32) -> io::Result<()> {
    // SAFETY: both take integers. -1 is a niceness as well as a failure, but of oneself it cannot
    // fail.
    check(unsafe {
        let now = libc::getpriority(libc::PRIO_PROCESS, 0);
        libc::setpriority(libc::PRIO_PROCESS, 0, now.saturating_add(increment))
    })
}

fn stay_on(processors: &[usize]) -> io::Result<()> {
    const BITS: usize = libc::c_ulong::BITS as usize;
    let words = processors.iter().max().map_or(0, |last| last / BITS + 1);
    let mut set: Vec<libc::c_ulong> = vec![0; words];
    for processor in processors {
        set[processor / BITS] |= 1 << (processor % BITS);
    }
    // SAFETY: the kernel reads as many bytes as the vector has; a set of any size is one to it.
    check(unsafe { libc::sched_setaffinity(0, size_of_val(&*set), set.as_ptr().cast()) })
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
