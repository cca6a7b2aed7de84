//! What the program's shared memory takes.
#![expect(unreachable_pub, reason = "a test has no public interface")]

use std::fs;
use std::os::unix::fs::MetadataExt;

/// How much free memory is kept for what comes.
pub const KEPT: u64 = 96 << 20;

/// Bytes of memory that the program's shared memory takes.
pub fn memory() -> u64 {
    let descriptors = fs::read_dir("/proc/self/fd").expect("a directory");
    let paths = descriptors.map(|entry| entry.expect("an entry").path());
    let heap = paths.filter(|path| {
        fs::read_link(path).is_ok_and(|to| to.to_string_lossy().contains("memfd:tandem-heap"))
    });
    heap.map(|path| fs::metadata(path).expect("a file").blocks() * 512).sum()
}
