//! Names of shared memory, and what is behind them.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::thread;

use ipc::SharedMemory;

/// A name that no other test uses.
pub(crate) fn unique(what: &str) -> String {
    format!("test-{}-{what}", std::process::id())
}

/// Where the file of a name is.
pub(crate) fn file_of(name: &str) -> PathBuf {
    let user = fs::metadata("/proc/self").unwrap().uid();
    PathBuf::from(format!("/dev/shm/tandem-{user}/{name}"))
}

/// Waits for another test that has found the dead name at the same moment, and is just removing it.
pub(crate) fn until_gone(name: &str) {
    while file_of(name).exists() {
        thread::yield_now();
    }
}

pub(crate) fn kind<T>(result: std::io::Result<T>) -> ErrorKind {
    result.err().expect("an error").kind()
}

pub(crate) fn bytes_of(memory: &SharedMemory) -> Vec<u8> {
    let mut bytes = vec![0xcc; memory.len()];
    memory.read_at(&mut bytes, 0).unwrap();
    bytes
}
