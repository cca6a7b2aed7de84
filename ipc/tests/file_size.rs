//! A process that may have no large files has no shared memory either, and is told so. Alone in its binary, whose
//! limit it changes.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "limits the files of this process")]

use std::io::ErrorKind;

use ipc::{Queue, ShareableList, Shared, SharedMemory};

/// Limits the files of this process, and says what the limit was.
fn limit(bytes: libc::rlim_t) -> libc::rlim_t {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel writes one rlimit.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) }, 0);
    let before = std::mem::replace(&mut limit.rlim_cur, bytes);
    // SAFETY: the kernel reads one rlimit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) }, 0);
    before
}

#[test]
fn who_may_have_no_large_files_is_told_so() {
    let before = limit(1000);
    let results = [
        Shared::new(1u64).err(),
        Queue::<u64>::bounded(1).err(),
        SharedMemory::create(1 << 20).err(),
        // The name alone is too large.
        SharedMemory::create(1).err(),
        ShareableList::create([1]).err(),
    ];
    limit(before);
    for (index, error) in results.iter().enumerate() {
        let kind = error.as_ref().map(std::io::Error::kind);
        assert_eq!(kind, Some(ErrorKind::FileTooLarge), "{index}: {error:?}");
    }
    // None of them has left a trace.
    assert_eq!(SharedMemory::create(1 << 20).expect("memory").len(), 1 << 20);
    assert_eq!(*Shared::new(1u64).expect("memory"), 1);
}
