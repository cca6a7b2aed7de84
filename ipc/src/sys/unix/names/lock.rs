//! Locks on single bytes of a file that belong to an open file, not to the process.
//!
//! The other kind (`F_SETLK`) would be gone as soon as *any* descriptor of the file is closed in this
//! process, and looking at names closes many.
#![expect(unsafe_code, reason = "fcntl is a foreign function")]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// Everybody who has the memory has this one, shared. No two of these bytes are neighbours: the kernel merges
/// locks that are, and needs memory, which can fail, to part them again.
pub(in crate::sys) const LIFE: u64 = 0;
/// One operation at a time.
pub(in crate::sys) const GATE: u64 = 16;
/// One writer at a time.
pub(in crate::sys) const WRITE: u64 = 32;

#[derive(Debug, Clone, Copy)]
pub(in crate::sys) enum Mode {
    Shared,
    Exclusive,
}

/// Takes the lock if it is free. An open file that has it in another mode changes the mode.
pub(in crate::sys) fn try_lock(file: &File, byte: u64, mode: Mode) -> io::Result<bool> {
    match set(file, libc::F_OFD_SETLK, kind(mode), byte, 1) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        // The other answer that POSIX allows.
        Err(error) if error.raw_os_error() == Some(libc::EACCES) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes the lock when it is free.
pub(in crate::sys) fn lock(file: &File, byte: u64, mode: Mode) -> io::Result<()> {
    loop {
        match set(file, libc::F_OFD_SETLKW, kind(mode), byte, 1) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

pub(in crate::sys) fn unlock(file: &File, byte: u64) -> io::Result<()> {
    set(file, libc::F_OFD_SETLK, NONE, byte, 1)
}

pub(in crate::sys) fn unlock_all(file: &File) -> io::Result<()> {
    // A length of 0 is all there is.
    set(file, libc::F_OFD_SETLK, NONE, 0, 0)
}

/// Whether another open file has the lock in whatever mode.
pub(in crate::sys) fn is_taken(file: &File, byte: u64) -> io::Result<bool> {
    let mut wish = range(EXCLUSIVE, byte, 1);
    // SAFETY: the kernel reads and writes one flock structure that outlives the call.
    if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_GETLK, &raw mut wish) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(wish.l_type != NONE)
}

/// What a lock can be: a number of a type that differs.
const SHARED: libc::c_short = libc::F_RDLCK as libc::c_short;
const EXCLUSIVE: libc::c_short = libc::F_WRLCK as libc::c_short;
const NONE: libc::c_short = libc::F_UNLCK as libc::c_short;

fn kind(mode: Mode) -> libc::c_short {
    match mode {
        Mode::Shared => SHARED,
        Mode::Exclusive => EXCLUSIVE,
    }
}

fn set(file: &File, command: i32, kind: libc::c_short, byte: u64, len: u64) -> io::Result<()> {
    let lock = range(kind, byte, len);
    // SAFETY: the kernel reads one flock structure that outlives the call.
    if unsafe { libc::fcntl(file.as_raw_fd(), command, &raw const lock) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

fn range(kind: libc::c_short, byte: u64, len: u64) -> libc::flock {
    libc::flock {
        l_type: kind,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: byte as libc::off_t,
        l_len: len as libc::off_t,
        // Must be 0 for locks of open files.
        l_pid: 0,
    }
}
