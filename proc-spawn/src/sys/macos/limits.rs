//! What the kernel allows this process.

use std::io;

use crate::settings::Limits;
use crate::sys::unix::limits::{be_nicer, limit_cpu_time};

/// Keeps to the limits from now on.
pub(crate) fn apply(limits: &Limits) -> io::Result<()> {
    if limits.memory.is_some() {
        // Its limits (`RLIMIT_AS`, `RLIMIT_DATA`) count all addresses, of which the heap of the program alone has a TiB.
        return Err(unsupported("macOS holds no process to so much memory of its own"));
    }
    if limits.affinity.is_some() {
        return Err(unsupported("macOS keeps no process to some processors"));
    }
    if let Some(time) = limits.cpu_time {
        limit_cpu_time(time)?;
    }
    limits.nice.map_or(Ok(()), be_nicer)
}

fn unsupported(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, why)
}
