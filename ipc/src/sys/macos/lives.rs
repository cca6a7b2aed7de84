//! The file that the processes of a program have their life marks on.
//!
//! Memory of the system's (`shm_open`) takes no record locks, so the marks need a file. It is opened by its path, which
//! follows from the memory's number, and never sent from process to process: the kernel drops all of a process's record
//! locks on a file when that process closes any descriptor of it, and a message that nobody has read
//! counts as closed by whoever closes the socket (`unp_discard` in XNU's `bsd/kern/uipc_usrreq.c`).
//!
//! Everybody who has the file open for their mark has a shared lock on [`PRESENT`] as well, taken in one step with
//! the opening: under a lock on the directory. A file that nobody has a lock on is of a program
//! that is gone; the next program to be founded removes it.
#![expect(unsafe_code, reason = "fcntl is a foreign function")]

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::memory::Memory;
use super::names::holder::parent;
use crate::sys::unix::stream::lock_whole;

/// Beyond the marks of all processes that a program can have.
const PRESENT: libc::off_t = 1 << 40;

/// The program's file of lives, which stays open as long as the memory. It is made for the first of its
/// processes. Not to be called by two threads at a time.
pub(super) fn enter(memory: &Memory) -> io::Result<&File> {
    let directory = parent()?.join("tandem-lives");
    match DirBuilder::new().mode(0o700).create(&directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let one_at_a_time = File::open(&directory)?;
    lock_whole(one_at_a_time.as_fd())?;
    if let Some(file) = memory.lives.get() {
        // This is the child of a fork: locks are not inherited.
        lock(file, libc::F_RDLCK)?;
        return Ok(file);
    }
    let path = directory.join(format!("{:032x}", memory.id()));
    let file = match options().create_new(true).mode(0o600).open(&path) {
        Ok(file) => {
            // This process founds a program and has no mark that closing a file could take away.
            remove_dead(&directory, &path);
            file
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => options().open(&path)?,
        Err(error) => return Err(error),
    };
    let file = above_the_line(file)?;
    lock(&file, libc::F_RDLCK)?;
    Ok(memory.lives.get_or_init(|| file))
}

/// The line to the parent has a lower number, as a rule.
const FROM: libc::c_int = 64;

/// Gives it a number that is closed before the line is, for at its end a process closes descriptors from the highest
/// down (`fdt_invalidate` in XNU's `bsd/kern/kern_descrip.c`): whoever sees the line hang up must find the mark gone. To be
/// called before there is a lock on it.
fn above_the_line(file: File) -> io::Result<File> {
    // SAFETY: duplicates a descriptor and touches no memory of ours.
    let fd = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_DUPFD_CLOEXEC, FROM) };
    if fd < 0 {
        let error = io::Error::last_os_error();
        // This process may have no such number. Then an exec may be noticed late.
        return if error.raw_os_error() == Some(libc::EINVAL) { Ok(file) } else { Err(error) };
    }
    // SAFETY: the kernel just gave us this descriptor and nobody else knows it.
    Ok(unsafe { File::from_raw_fd(fd) })
}

/// The file, once this process has entered.
pub(super) fn entered(memory: &Memory) -> io::Result<&File> {
    let outside =
        || io::Error::new(io::ErrorKind::NotFound, "this process has no life mark itself");
    memory.lives.get().ok_or_else(outside)
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    options
}

/// What cannot be looked at or removed now is in nobody's way.
fn remove_dead(directory: &Path, own: &Path) {
    for path in fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path != own && options().open(&path).and_then(|file| is_dead(&file)).unwrap_or(false) {
            let _ = fs::remove_file(path);
        }
    }
}

fn range(kind: libc::c_short, start: libc::off_t, len: libc::off_t) -> libc::flock {
    let l_whence = libc::SEEK_SET as libc::c_short;
    libc::flock { l_start: start, l_len: len, l_pid: 0, l_type: kind, l_whence }
}

fn lock(file: &File, kind: libc::c_short) -> io::Result<()> {
    let lock = range(kind, PRESENT, 1);
    // SAFETY: the kernel reads one flock structure that outlives the call.
    if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLK, &raw const lock) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Whether no process has any lock on it.
fn is_dead(file: &File) -> io::Result<bool> {
    // A length of 0 is all there is.
    let mut lock = range(libc::F_WRLCK, 0, 0);
    // SAFETY: the kernel reads and writes one flock structure that outlives the call.
    if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETLK, &raw mut lock) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(lock.l_type == libc::F_UNLCK)
}
