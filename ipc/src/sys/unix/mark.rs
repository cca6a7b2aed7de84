//! A POSIX record lock on one byte of a file for each process: its life mark.
//!
//! A record lock belongs to the process, not to a thread or a descriptor: a forked child does not
//! have it, and the kernel drops it when the last thread has let go of its descriptors.
//! It is also gone as soon as the process closes *any* descriptor of the file.
#![expect(unsafe_code, reason = "fcntl is a foreign function")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

fn record(byte: u64) -> libc::flock {
    libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: byte as libc::off_t,
        l_len: 1,
        l_pid: 0,
    }
}

/// Marks this process as living. Waits while another has the mark: one whose place was given up while
/// it was starting, and which ends as soon as it finds that out.
pub(crate) fn hold(file: BorrowedFd<'_>, byte: u64) -> io::Result<()> {
    let lock = record(byte);
    loop {
        // SAFETY: the kernel reads one flock structure that outlives the call.
        if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLKW, &raw const lock) } == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Whether process `pid` holds the mark on `byte`. A process is never told of its own mark.
pub(crate) fn is_held(file: BorrowedFd<'_>, byte: u64, pid: u32) -> io::Result<bool> {
    let mut lock = record(byte);
    // SAFETY: the kernel reads and writes one flock structure that outlives the call.
    if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETLK, &raw mut lock) } < 0 {
        return Err(io::Error::last_os_error());
    }
    let held = lock.l_type != libc::F_UNLCK as libc::c_short;
    Ok(held && lock.l_pid as u32 == pid)
}
