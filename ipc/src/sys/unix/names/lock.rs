//! Locks on single bytes of a file that belong to an open file, not to the process.
//!
//! The other kind (`F_SETLK`) would be gone as soon as *any* descriptor of the file is closed in this
//! process, and looking at names closes many.
#![expect(unsafe_code, reason = "fcntl is a foreign function")]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// Everybody who has the memory has this one, shared.
pub(super) const LIFE: u64 = 0;
/// One operation at a time.
pub(super) const GATE: u64 = 16;
/// One writer at a time.
pub(super) const WRITE: u64 = 32;
/// The first entry's; each has one of its own. No two of these bytes are neighbours: the kernel merges
/// locks that are, and needs memory, which can fail, to part them again.
pub(super) const PLACES: u64 = 64;

#[derive(Debug, Clone, Copy)]
pub(super) enum Mode {
    Shared,
    Exclusive,
}

/// Takes the lock if it is free. An open file that has it in another mode changes the mode.
pub(super) fn try_lock(file: &File, byte: u64, mode: Mode) -> io::Result<bool> {
    match set(file, libc::F_OFD_SETLK, kind(mode), byte, 1) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        // The other answer that POSIX allows.
        Err(error) if error.raw_os_error() == Some(libc::EACCES) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes the lock when it is free.
pub(super) fn lock(file: &File, byte: u64, mode: Mode) -> io::Result<()> {
    loop {
        match set(file, libc::F_OFD_SETLKW, kind(mode), byte, 1) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

pub(super) fn unlock(file: &File, byte: u64) -> io::Result<()> {
    set(file, libc::F_OFD_SETLK, libc::F_UNLCK, byte, 1)
}

pub(super) fn unlock_all(file: &File) -> io::Result<()> {
    // A length of 0 is all there is.
    set(file, libc::F_OFD_SETLK, libc::F_UNLCK, 0, 0)
}

/// Whether another open file has the lock in whatever mode.
pub(super) fn is_taken(file: &File, byte: u64) -> io::Result<bool> {
    let mut wish = range(libc::F_WRLCK, byte, 1);
    // SAFETY: the kernel reads and writes one flock structure that outlives the call.
    if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_GETLK, &raw mut wish) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(wish.l_type != libc::F_UNLCK as libc::c_short)
}

fn kind(mode: Mode) -> i32 {
    match mode {
        Mode::Shared => libc::F_RDLCK,
        Mode::Exclusive => libc::F_WRLCK,
    }
}

fn set(file: &File, command: i32, kind: i32, byte: u64, len: u64) -> io::Result<()> {
    let lock = range(kind, byte, len);
    // SAFETY: the kernel reads one flock structure that outlives the call.
    if unsafe { libc::fcntl(file.as_raw_fd(), command, &raw const lock) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

fn range(kind: i32, byte: u64, len: u64) -> libc::flock {
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: byte as libc::off_t,
        l_len: len as libc::off_t,
        // Must be 0 for locks of open files.
        l_pid: 0,
    }
}
