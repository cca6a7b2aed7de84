//! Where the files of names are: one directory for each user, which nobody else can look into.
//!
//! It does not depend on the environment, so all programs of a user agree on it. It is there while
//! there are names.
#![expect(unsafe_code, reason = "geteuid is a foreign function")]

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::sys::names::holder::parent;

fn user() -> u32 {
    // SAFETY: takes nothing, cannot fail and touches no memory of ours.
    unsafe { libc::geteuid() }
}

fn path() -> io::Result<PathBuf> {
    Ok(parent()?.join(format!("tandem-{}", user())))
}

/// Where the file of `name` is or would be. `NotFound` if there are no names at all.
pub(super) fn file(name: &OsStr) -> io::Result<PathBuf> {
    let directory = path()?;
    check(&directory)?;
    Ok(directory.join(name))
}

/// As [`file`], and makes the directory if it is not there.
pub(super) fn file_to_make(name: &OsStr) -> io::Result<PathBuf> {
    let directory = path()?;
    match DirBuilder::new().mode(0o700).create(&directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    match check(&directory) {
        // Removed right now by whoever removed the last name: the caller comes again.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        done => done?,
    }
    Ok(directory.join(name))
}

/// Somebody else could have made it before us: then it is not to be trusted.
fn check(directory: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(directory)?;
    if found.is_dir() && found.uid() == user() && found.mode() & 0o077 == 0 {
        return Ok(());
    }
    let place = directory.display();
    let message = format!("{place} is not a directory that only this user can use");
    Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
}

/// All names there are, living or dead.
pub(super) fn names() -> io::Result<Vec<OsString>> {
    let directory = path()?;
    check(&directory)?;
    fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name())).collect()
}

/// Removes a file, and the directory with the last one.
pub(super) fn remove(file: &Path) -> io::Result<()> {
    fs::remove_file(file)?;
    // Not if it is not empty, which is for the kernel to say, in one step.
    let _ = file.parent().map(fs::remove_dir);
    Ok(())
}
