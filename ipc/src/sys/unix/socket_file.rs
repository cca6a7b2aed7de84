//! The file of a Unix socket: made anew where a dead listener left one, removed by whom it belongs to.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use super::stream::{is_left_over, lock_directory};

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

/// One process at a time makes or removes sockets in a directory: what is found to be dead is then
/// removed, and not what has come in its place.
fn lock(path: &Path) -> io::Result<File> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = File::open(parent.unwrap_or(Path::new(".")))?;
    lock_directory(directory.as_fd())?;
    Ok(directory)
}

/// Listens at `path`.
pub(super) fn listen(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    let _one = lock(path)?;
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_dead_socket(path) => {
            fs::remove_file(path)?;
            UnixListener::bind(path)?
        }
        listener => listener?,
    };
    let identity = identity(&fs::symlink_metadata(path)?);
    // Whatever the working directory is by then.
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
        let Ok(_one) = lock(&self.path) else { return };
        if fs::symlink_metadata(&self.path).is_ok_and(|file| identity(&file) == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}
