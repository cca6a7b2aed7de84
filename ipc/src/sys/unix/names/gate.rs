//! The way to a name: through its gate, one at a time.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::PathBuf;

use super::directory;
use super::lock::{self, GATE, LIFE, Mode};
use crate::sys::names::holder;

/// An open name file, with its locks. They are released before it is closed.
#[derive(Debug)]
pub(super) struct Locked {
    pub(super) file: File,
    /// Who took the locks: a child of a plain fork has them as well, but they are not its to release.
    process: u32,
}

impl Drop for Locked {
    fn drop(&mut self) {
        if self.process == std::process::id() {
            // Should it fail, closing does the same as soon as nobody has a copy of the descriptor.
            let _ = lock::unlock_all(&self.file);
        }
    }
}

/// The file that a name leads to, for as long as it is behind the gate. Letting go of it releases
/// whatever locks were taken.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) locked: Locked,
    path: PathBuf,
}

impl Gate {
    /// Through the gate of a name that exists, or `NotFound`.
    pub(super) fn enter(name: &OsStr) -> io::Result<Gate> {
        let said = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => gone(),
            _ => error,
        };
        loop {
            let path = directory::file(name).map_err(said)?;
            if let Some(gate) = Gate::wait(open(&path, false).map_err(said)?, path)? {
                return Ok(gate);
            }
        }
    }

    /// Through the gate of a name, whose file is made if there is none.
    pub(super) fn make(name: &OsStr) -> io::Result<Gate> {
        loop {
            let path = directory::file_to_make(name)?;
            match open(&path, true) {
                Ok(file) => {
                    if let Some(gate) = Gate::wait(file, path)? {
                        return Ok(gate);
                    }
                }
                // The directory went with the last name, since we looked.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Through the gate of a name that seems dead, if nobody is there.
    fn enter_if_dead(name: &OsStr) -> io::Result<Option<Gate>> {
        let path = directory::file(name)?;
        let locked = Locked { file: open(&path, false)?, process: std::process::id() };
        // The look comes first, so that whoever only looks is at no gate. Then one who finds it dead and
        // somebody at the gate can rely on them: they remove it, or bring it to life.
        let taken = lock::is_taken(&locked.file, LIFE)?;
        if taken || !lock::try_lock(&locked.file, GATE, Mode::Exclusive)? {
            return Ok(None);
        }
        let gate = Gate { locked, path };
        Ok(if gate.is_current()? { Some(gate) } else { None })
    }

    /// `None` if the file was removed before it was our turn; then there may be another.
    fn wait(file: File, path: PathBuf) -> io::Result<Option<Gate>> {
        let gate = Gate { locked: Locked { file, process: std::process::id() }, path };
        lock::lock(&gate.locked.file, GATE, Mode::Exclusive)?;
        Ok(if gate.is_current()? { Some(gate) } else { None })
    }

    /// Whether the name leads to this file. If so it stays so, for it is removed behind the gate only.
    fn is_current(&self) -> io::Result<bool> {
        match fs::symlink_metadata(&self.path) {
            Ok(found) => Ok(self.is(&found)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether this is the file that `found` tells of.
    pub(super) fn is(&self, found: &fs::Metadata) -> io::Result<bool> {
        let this = self.locked.file.metadata()?;
        Ok((this.dev(), this.ino()) == (found.dev(), found.ino()))
    }

    /// Whether nobody has the memory. If so, it stays so as long as the gate is ours.
    pub(super) fn is_dead(&self) -> io::Result<bool> {
        lock::try_lock(&self.locked.file, LIFE, Mode::Exclusive)
    }

    /// Shares in the life of the name.
    pub(super) fn live(&self) -> io::Result<()> {
        // Nobody has it exclusively: that happens behind the gate only. Or we have, and give that up.
        match lock::try_lock(&self.locked.file, LIFE, Mode::Shared)? {
            true => Ok(()),
            false => {
                Err(io::Error::new(io::ErrorKind::WouldBlock, "the name is locked from outside"))
            }
        }
    }

    /// Removes the name. Who has what it led to keeps that.
    pub(super) fn remove(&self) -> io::Result<()> {
        holder::bury(&self.locked.file)?;
        directory::remove(&self.path)
    }

    /// Opens the gate for the next, and keeps the other locks.
    pub(super) fn leave(self) -> io::Result<Locked> {
        lock::unlock(&self.locked.file, GATE)?;
        Ok(self.locked)
    }
}

pub(in crate::sys) fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "there is no memory of that name")
}

fn open(path: &PathBuf, create: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(create).truncate(false).mode(0o600);
    // What is not a file is not followed and not waited for.
    let file = options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "what the name leads to is no file",
        ));
    }
    Ok(file)
}

/// Removes the file of a name whose memory is gone. One that somebody is busy with is theirs to
/// remove.
pub(super) fn reap(name: &OsStr) -> io::Result<()> {
    match Gate::enter_if_dead(name)? {
        Some(gate) if gate.is_dead()? => gate.remove(),
        _ => Ok(()),
    }
}

/// Removes the files of all names whose memory is gone.
pub(super) fn reap_all() {
    // What cannot be reaped now is next time; it is in nobody's way.
    for name in directory::names().unwrap_or_default() {
        let _ = reap(&name);
    }
}
