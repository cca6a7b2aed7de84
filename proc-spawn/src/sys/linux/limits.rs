//! What the kernel allows this process, which has no other thread yet: they take it over.
#![expect(unsafe_code, reason = "sched_setaffinity is a foreign function")]

use std::io;

use crate::settings::Limits;
use crate::sys::unix::limits::{be_nicer, check, limit, limit_cpu_time};

/// Keeps to the limits from now on.
pub(crate) fn apply(limits: &Limits) -> io::Result<()> {
    if let Some(bytes) = limits.memory {
        limit(libc::RLIMIT_DATA, bytes, bytes)?;
    }
    if let Some(time) = limits.cpu_time {
        limit_cpu_time(time)?;
    }
    if let Some(increment) = limits.nice {
        be_nicer(increment)?;
    }
    if let Some(processors) = &limits.affinity {
        stay_on(processors)?;
    }
    Ok(())
}

/// No kernel knows more.
const MOST_PROCESSORS: usize = 1 << 20;

fn stay_on(processors: &[usize]) -> io::Result<()> {
    const BITS: usize = libc::c_ulong::BITS as usize;
    let last = processors.iter().max().copied().unwrap_or_default();
    if last >= MOST_PROCESSORS {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    let words = last / BITS + 1;
    let mut set: Vec<libc::c_ulong> = vec![0; words];
    for processor in processors {
        set[processor / BITS] |= 1 << (processor % BITS);
    }
    // SAFETY: the kernel reads as many bytes as the vector has; a set of any size is one to it.
    check(unsafe { libc::sched_setaffinity(0, size_of_val(&*set), set.as_ptr().cast()) })
}
