//! Memory by name, within a program.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "slices of shared memory are the caller's word")]

mod names;
mod watchdog;

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::sync::Barrier;
use std::thread;

use ipc::{Queue, RecvError, SharedMemory};
use names::{bytes_of, file_of, kind, unique, until_gone};
use proc_spawn::Process;
use proptest::prelude::{ProptestConfig, any, proptest};
use watchdog::watch;

proc_spawn::enable_test_support!();

#[test]
fn both_sides_change_the_same_bytes() {
    let _watchdog = watch("two sides");
    let name = unique("sides");
    let mut memory = SharedMemory::create_named(&name, 5000).unwrap();
    assert_eq!((memory.name(), memory.len(), memory.is_empty()), (&*name, 5000, false));
    assert_eq!(bytes_of(&memory), vec![0; 5000]);
    memory.write_at(b"here", 4996).unwrap();
    fn answer(name: String) -> Vec<u8> {
        let memory = SharedMemory::attach(&name).unwrap();
        memory.write_at(b"there", 0).unwrap();
        bytes_of(&memory)[4990..].to_vec()
    }
    let seen = Process::spawn(answer, name).unwrap().join().unwrap();
    assert_eq!(seen, b"\0\0\0\0\0\0here");
    assert_eq!(&bytes_of(&memory)[..6], b"there\0");
    // SAFETY: the other process is gone, and this is the only handle.
    unsafe {
        memory.as_mut_slice()[0] = b'T';
        assert_eq!(&memory.as_slice()[..5], b"There");
        assert_eq!(*memory.as_ptr(), b'T');
    }
}

#[test]
fn what_is_outside_is_neither_read_nor_written() {
    let memory = SharedMemory::create(100).unwrap();
    let mut bytes = [7; 10];
    for offset in [91, 100, 101, usize::MAX - 3, usize::MAX] {
        assert_eq!(kind(memory.read_at(&mut bytes, offset)), ErrorKind::InvalidInput);
        assert_eq!(kind(memory.write_at(&bytes, offset)), ErrorKind::InvalidInput);
    }
    assert_eq!(bytes, [7; 10]);
    assert_eq!(bytes_of(&memory), [0; 100]);
    memory.read_at(&mut bytes, 90).unwrap();
    memory.write_at(&[], 100).unwrap();
}

#[test]
fn a_taken_name_a_missing_one_no_size_and_a_bad_name_are_errors() {
    let name = unique("errors");
    assert_eq!(kind(SharedMemory::attach(&name)), ErrorKind::NotFound);
    let memory = SharedMemory::create_named(&name, 1).unwrap();
    assert_eq!(kind(SharedMemory::create_named(&name, 1)), ErrorKind::AlreadyExists);
    drop(memory);
    assert_eq!(kind(SharedMemory::attach(&name)), ErrorKind::NotFound);
    assert_eq!(kind(SharedMemory::create(0)), ErrorKind::InvalidInput);
    assert_eq!(kind(SharedMemory::create_named(&name, 0)), ErrorKind::InvalidInput);
    assert_eq!(kind(SharedMemory::create(usize::MAX)), ErrorKind::InvalidInput);
    assert!(SharedMemory::create(isize::MAX as usize).is_err());
    for bad in ["", ".", "..", "a/b", "/a", "a\0b", &"x".repeat(256)] {
        assert_eq!(kind(SharedMemory::create_named(bad, 1)), ErrorKind::InvalidInput, "{bad:?}");
        assert_eq!(kind(SharedMemory::attach(bad)), ErrorKind::InvalidInput, "{bad:?}");
    }
    let longest = format!("{name}{}", "x".repeat(255 - name.len()));
    SharedMemory::create_named(&longest, 1).unwrap();
}

#[test]
fn made_up_names_are_short_and_differ() {
    let all: Vec<_> = (0..100).map(|_| SharedMemory::create(1).unwrap()).collect();
    for (index, memory) in all.iter().enumerate() {
        assert!(memory.name().starts_with("psm_") && memory.name().len() <= 14);
        assert!(all[..index].iter().all(|other| other.name() != memory.name()));
    }
}

#[test]
fn unlink_takes_the_name_and_leaves_the_memory() {
    let name = unique("unlink");
    let first = SharedMemory::create_named(&name, 10).unwrap();
    let same = SharedMemory::attach(&name).unwrap();
    first.unlink().unwrap();
    assert!(!file_of(&name).exists());
    assert_eq!(kind(first.unlink()), ErrorKind::NotFound);
    assert_eq!(kind(same.unlink()), ErrorKind::NotFound);
    assert_eq!(kind(SharedMemory::attach(&name)), ErrorKind::NotFound);
    first.write_at(b"still", 0).unwrap();
    assert_eq!(&bytes_of(&same)[..5], b"still");
    let second = SharedMemory::create_named(&name, 20).unwrap();
    assert_eq!(kind(same.unlink()), ErrorKind::NotFound, "the name is other memory's by now");
    drop((first, same));
    assert_eq!(SharedMemory::attach(&name).unwrap().len(), 20);
    assert_eq!(bytes_of(&second), [0; 20]);
}

#[test]
fn one_that_closes_leaves_it_and_the_last_one_leaves_nothing() {
    let _watchdog = watch("closing");
    let name = unique("close");
    let first = SharedMemory::create_named(&name, 10).unwrap();
    let second = SharedMemory::attach(&name).unwrap();
    first.close();
    second.write_at(b"alive", 0).unwrap();
    let third = SharedMemory::attach(&name).unwrap();
    second.close();
    assert_eq!(&bytes_of(&third)[..5], b"alive");
    assert!(file_of(&name).exists());
    third.close();
    until_gone(&name);
}

#[test]
fn one_of_many_creators_gets_the_name() {
    let _watchdog = watch("a race for a name");
    let name = unique("race");
    for _ in 0..50 {
        let start = Barrier::new(8);
        let results: Vec<_> = thread::scope(|scope| {
            let create = || {
                start.wait();
                SharedMemory::create_named(&name, 1)
            };
            let racers: Vec<_> = (0..8).map(|_| scope.spawn(create)).collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        let (made, failed): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        assert_eq!(made.len(), 1);
        assert!(failed.into_iter().all(|result| kind(result) == ErrorKind::AlreadyExists));
    }
}

#[test]
fn a_thousand_handles_leave_no_descriptor() {
    let _watchdog = watch("descriptors");
    /// Those of memory and of name files.
    fn count() -> usize {
        let all = fs::read_dir("/proc/self/fd").unwrap().flatten();
        let targets = all.filter_map(|entry| fs::read_link(entry.path()).ok());
        let targets = targets.map(|target| target.to_string_lossy().into_owned());
        targets.filter(|it| it.contains("/tandem-") || it.starts_with("/memfd:tandem-")).count()
    }
    fn churn(name: String) -> [usize; 4] {
        let before = count();
        let memory = SharedMemory::create_named(&name, 1).unwrap();
        let with_one = count();
        for _ in 0..300 {
            drop(SharedMemory::attach(&name).unwrap());
            drop(SharedMemory::create(1).unwrap());
            SharedMemory::create_named(&name, 1).unwrap_err();
            SharedMemory::attach("no such name").unwrap_err();
        }
        let after = count();
        drop(memory);
        [before, with_one, after, count()]
    }
    let [before, with_one, after, none] =
        Process::spawn(churn, unique("churn")).unwrap().join().unwrap();
    // The program's own heap is memory as well.
    assert_eq!((with_one, after, none), (before + 2, before + 2, before));
}

#[test]
fn a_handle_travels_by_its_name() {
    let _watchdog = watch("messages");
    let memory = SharedMemory::create(10).unwrap();
    memory.write_at(b"sent", 0).unwrap();
    let queue = Queue::bounded(4).unwrap();
    fn forward(queue: Queue<SharedMemory>, memory: SharedMemory) {
        memory.write_at(b"S", 0).unwrap();
        queue.put(SharedMemory::attach(memory.name()).unwrap()).unwrap();
    }
    let copy = SharedMemory::attach(memory.name()).unwrap();
    let child = Process::spawn(forward, (queue.clone(), copy)).unwrap();
    let back = queue.get().unwrap();
    assert_eq!(&bytes_of(&back)[..4], b"Sent");
    child.join().unwrap();
}

#[test]
fn a_handle_whose_name_is_other_memorys_by_now_is_not_received() {
    let queue = Queue::bounded(4).unwrap();
    let name = unique("stale");
    let first = SharedMemory::create_named(&name, 10).unwrap();
    queue.put(SharedMemory::attach(&name).unwrap()).unwrap();
    first.unlink().unwrap();
    let _second = SharedMemory::create_named(&name, 10).unwrap();
    assert!(matches!(queue.get(), Err(RecvError::Decode(_))));
    queue.put(first).unwrap();
    drop(_second);
    assert!(matches!(queue.get(), Err(RecvError::Decode(_))));
}

#[test]
fn what_is_no_file_is_no_name_and_is_left_alone() {
    let _watchdog = watch("strange files");
    let _memory = SharedMemory::create(1).unwrap();
    let names = ["link", "pipe", "folder"].map(unique);
    let [link, pipe, folder] = names.each_ref().map(|name| file_of(name));
    let outside = std::env::temp_dir().join(unique("outside"));
    File::create(&outside).unwrap();
    symlink(&outside, &link).unwrap();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    fs::create_dir(&folder).unwrap();
    for name in &names {
        SharedMemory::attach(name).unwrap_err();
        SharedMemory::create_named(name, 1).unwrap_err();
    }
    assert!(outside.exists() && folder.exists() && pipe.exists());
    for path in [&link, &pipe, &outside] {
        fs::remove_file(path).unwrap();
    }
    fs::remove_dir(&folder).unwrap();
}

/// Where the parts of a name's file are: magic number, format, segment, and then holders.
const IDENTITY: usize = 32;

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing in the file leads to anything but the memory, and to that only if it is the one meant.
    #[test]
    fn a_damaged_name_is_an_error_or_leads_to_its_memory(
        bytes in proptest::collection::vec(any::<u8>(), 0..2200),
        kept in 0..IDENTITY + 1,
        len in 0..2200u64,
        pid in any::<bool>(),
    ) {
        let name = unique("damaged");
        let memory = SharedMemory::create_named(&name, 77).unwrap();
        let file = OpenOptions::new().read(true).write(true).open(file_of(&name)).unwrap();
        use std::os::unix::fs::FileExt;
        let mut bytes = bytes;
        if pid {
            // Entries that name descriptors there are.
            for (index, entry) in bytes.chunks_exact_mut(16).enumerate() {
                entry[..4].copy_from_slice(&std::process::id().to_ne_bytes());
                entry[4..8].copy_from_slice(&(index as u32).to_ne_bytes());
            }
        }
        file.write_all_at(&bytes, kept as u64).unwrap();
        file.set_len(len.max(IDENTITY as u64)).unwrap();
        match SharedMemory::attach(&name) {
            Ok(found) => assert_eq!(found.len(), 77),
            Err(error) => assert!(
                matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::NotFound | ErrorKind::Unsupported),
                "{error}"
            ),
        }
        assert_eq!(kind(SharedMemory::create_named(&name, 1)), ErrorKind::AlreadyExists);
        drop(memory);
        drop(SharedMemory::create_named(&name, 1).unwrap());
    }
}
