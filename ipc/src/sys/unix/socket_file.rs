//! The file of a Unix socket: made anew where a dead listener left one, removed by whom it belongs to.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use super::stream::{address, is_left_over, lock_whole};

/// The file of a socket that this process listens on. Removed when dropped, if it is still that one.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
    /// The child of a plain fork has a copy that is not its to remove.
    process: u32,
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

/// One process at a time makes or removes the socket at a path: what is found to be dead is then removed, and
/// not what has come in its place.
///
/// It is a lock on a file that is beside the socket meanwhile, and not on their directory, which others lock for
/// reasons of their own: who was started by `flock DIRECTORY` would wait for its parent for ever. Who is killed with
/// it leaves an empty file, which the next to listen there removes.
struct OneAtATime {
    path: PathBuf,
    _file: File,
}

impl OneAtATime {
    fn at(socket: &Path) -> io::Result<OneAtATime> {
        let mut name = OsString::from(".");
        name.push(socket.file_name().unwrap_or_default());
        name.push(".lock");
        // Whatever the working directory is by then.
        let path = std::path::absolute(socket.with_file_name(name))?;
        loop {
            let mut options = File::options();
            options.read(true).write(true).create(true).truncate(false);
            let file = options.mode(0o600).custom_flags(libc::O_NOFOLLOW).open(&path)?;
            lock_whole(file.as_fd())?;
            // Whoever had it before has removed the file: the one that is there now counts.
            let mine = identity(&file.metadata()?);
            if fs::symlink_metadata(&path).is_ok_and(|there| identity(&there) == mine) {
                return Ok(OneAtATime { path, _file: file });
            }
        }
    }
}

impl Drop for OneAtATime {
    fn drop(&mut self) {
        // Before it is closed: nobody else has come in yet.
        let _ = fs::remove_file(&self.path);
    }
}

/// Listens at `path`.
pub(super) fn listen(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    address(path)?;
    let _one = OneAtATime::at(path)?;
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_dead_socket(path) => {
            fs::remove_file(path)?;
            UnixListener::bind(path)?
        }
        listener => listener?,
    };
    let identity = identity(&fs::symlink_metadata(path)?);
    let path = std::path::absolute(path)?;
    Ok((listener, SocketFile { path, identity, process: std::process::id() }))
}

fn is_dead_socket(path: &Path) -> bool {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    is_socket && is_left_over(path)
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            return;
        }
        // If it fails, the next to listen here removes it.
        let Ok(_one) = OneAtATime::at(&self.path) else { return };
        if fs::symlink_metadata(&self.path).is_ok_and(|file| identity(&file) == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}
