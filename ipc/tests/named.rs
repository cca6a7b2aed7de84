//! Memory by name, between processes and programs.
#![expect(unsafe_code, reason = "slices of shared memory are the caller's word")]

mod watchdog;

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ipc::{Queue, RecvError, Shared, SharedMemory};
use proc_spawn::Process;
use proptest::prelude::{ProptestConfig, any, proptest};
use sync_prims::process::Event;
use watchdog::watch;

proc_spawn::enable_test_support!();

/// A name that no other test uses.
fn unique(what: &str) -> String {
    format!("test-{}-{what}", std::process::id())
}

/// Where the file of a name is.
fn file_of(name: &str) -> PathBuf {
    let user = fs::metadata("/proc/self").unwrap().uid();
    PathBuf::from(format!("/dev/shm/tandem-{user}/{name}"))
}

/// Waits for another test that has found the dead name at the same moment, and is just removing it.
fn until_gone(name: &str) {
    while file_of(name).exists() {
        thread::yield_now();
    }
}

fn kind<T>(result: std::io::Result<T>) -> ErrorKind {
    result.err().expect("an error").kind()
}

fn bytes_of(memory: &SharedMemory) -> Vec<u8> {
    let mut bytes = vec![0xcc; memory.len()];
    memory.read_at(&mut bytes, 0).unwrap();
    bytes
}

fn forever() {
    loop {
        thread::park();
    }
}

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
fn when_all_holders_are_killed_the_memory_is_gone_and_the_name_is_free() {
    let _watchdog = watch("killed holders");
    let name = unique("killed");
    fn hold(name: String, ready: Shared<Event>) {
        let memory = SharedMemory::attach(&name)
            .or_else(|_| SharedMemory::create_named(&name, 1 << 20))
            .unwrap();
        memory.write_at(&vec![0xaa; memory.len()], 0).unwrap();
        ready.set();
        forever();
    }
    for _ in 0..20 {
        let children = [(); 2].map(|()| {
            let ready = Shared::new(Event::new()).unwrap();
            let child =
                Process::builder().daemon(true).spawn(hold, (name.clone(), ready.clone())).unwrap();
            ready.wait();
            child
        });
        for child in &children {
            assert_eq!(SharedMemory::attach(&name).unwrap().len(), 1 << 20);
            child.kill().unwrap();
            child.wait();
        }
        let new = SharedMemory::create_named(&name, 1 << 20).unwrap();
        assert!(bytes_of(&new).iter().all(|byte| *byte == 0));
        drop(new);
        for child in children {
            child.join().unwrap_err();
        }
    }
}

#[test]
fn what_is_left_of_a_killed_holder_goes_with_the_next_use_of_any_name() {
    let _watchdog = watch("reaping");
    fn hold(name: String, ready: Shared<Event>) {
        let _memory = SharedMemory::create_named(&name, 1).unwrap();
        ready.set();
        forever();
    }
    let other = SharedMemory::create(1).unwrap();
    let uses: [(&str, &dyn Fn()); 4] = [
        ("create", &|| drop(SharedMemory::create(1).unwrap())),
        ("attach", &|| drop(SharedMemory::attach(other.name()).unwrap())),
        ("attach none", &|| drop(SharedMemory::attach("no such name").unwrap_err())),
        ("unlink", &|| other.unlink().unwrap()),
    ];
    for (what, use_a_name) in uses {
        let name = unique(what);
        let ready = Shared::new(Event::new()).unwrap();
        let child =
            Process::builder().daemon(true).spawn(hold, (name.clone(), ready.clone())).unwrap();
        ready.wait();
        drop(SharedMemory::create(1).unwrap());
        assert!(file_of(&name).exists(), "a living name was reaped");
        child.kill().unwrap();
        child.join().unwrap_err();
        use_a_name();
        until_gone(&name);
    }
}

#[test]
fn the_creator_can_die_and_those_who_attached_keep_it() {
    let _watchdog = watch("an heir");
    let name = unique("heir");
    fn create(name: String, ready: Shared<Event>) {
        let memory = SharedMemory::create_named(&name, 100).unwrap();
        memory.write_at(b"legacy", 0).unwrap();
        ready.set();
        forever();
    }
    let ready = Shared::new(Event::new()).unwrap();
    let child =
        Process::builder().daemon(true).spawn(create, (name.clone(), ready.clone())).unwrap();
    ready.wait();
    let heir = SharedMemory::attach(&name).unwrap();
    child.kill().unwrap();
    child.join().unwrap_err();
    let third = SharedMemory::attach(&name).unwrap();
    assert_eq!(&bytes_of(&third)[..6], b"legacy");
    assert_eq!(kind(SharedMemory::create_named(&name, 1)), ErrorKind::AlreadyExists);
    drop(heir);
    assert_eq!(&bytes_of(&SharedMemory::attach(&name).unwrap())[..6], b"legacy");
}

/// Another program, which knows nothing but the name.
fn unrelated(name: &str, stdin: Stdio) -> Child {
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).expect("it lies in target/PROFILE/deps");
    let example = profile.join("examples/two_programs");
    if !example.exists() {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", "ipc", "--example", "two_programs"]);
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success());
    }
    Command::new(example).arg(name).stdin(stdin).stdout(Stdio::piped()).spawn().unwrap()
}

fn line_of(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    line
}

#[test]
fn an_unrelated_program_that_attached_and_ended_leaves_the_memory() {
    let _watchdog = watch("an unrelated program");
    let name = unique("unrelated");
    let memory = SharedMemory::create_named(&name, 64).unwrap();
    memory.write_at(b"hello, stranger", 0).unwrap();
    let mut ends = unrelated(&name, Stdio::null());
    assert_eq!(line_of(&mut ends), "hello, stranger\n");
    assert!(ends.wait().unwrap().success());
    assert_eq!(&bytes_of(&memory)[..15], b"from the second");
    let mut killed = unrelated(&name, Stdio::piped());
    assert_eq!(line_of(&mut killed), "from the second\n");
    killed.kill().unwrap();
    killed.wait().unwrap();
    let again = SharedMemory::attach(&name).unwrap();
    assert_eq!(&bytes_of(&again)[..15], b"from the second");
}

#[test]
fn a_program_can_get_it_from_an_unrelated_one() {
    let _watchdog = watch("an unrelated creator");
    let name = unique("bequest");
    let memory = SharedMemory::create_named(&name, 64).unwrap();
    memory.write_at(b"first", 0).unwrap();
    let mut other = unrelated(&name, Stdio::piped());
    assert_eq!(line_of(&mut other), "first\n");
    drop(memory);
    let back = SharedMemory::attach(&name).unwrap();
    other.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert!(other.wait().unwrap().success());
    assert_eq!(&bytes_of(&back)[..15], b"from the second");
}

#[test]
fn a_name_is_free_at_once_although_processes_are_being_started() {
    let _watchdog = watch("descriptors that others have for a moment");
    let name = unique("starting");
    let enough = AtomicBool::new(false);
    thread::scope(|scope| {
        let start = || {
            while !enough.load(Ordering::Relaxed) {
                assert!(Command::new("true").status().unwrap().success());
            }
        };
        scope.spawn(start);
        for _ in 0..2000 {
            let memory = SharedMemory::create_named(&name, 1);
            // Else the scope would wait for the other thread when this one panics.
            enough.fetch_or(memory.is_err(), Ordering::Relaxed);
            drop(memory.unwrap());
        }
        enough.store(true, Ordering::Relaxed);
    });
}

#[test]
fn holders_that_the_file_has_no_place_for_are_found() {
    let _watchdog = watch("many holders");
    let name = unique("crowd");
    fn crowd(name: String) {
        let memory = SharedMemory::create_named(&name, 4).unwrap();
        memory.write_at(b"many", 0).unwrap();
        let mut all: Vec<_> = (0..200).map(|_| SharedMemory::attach(&name).unwrap()).collect();
        drop(memory);
        drop(all.drain(..190));
        let found = SharedMemory::attach(&name).unwrap();
        assert_eq!(bytes_of(&found), b"many");
        drop(all);
        assert_eq!(kind(SharedMemory::create_named(&name, 4)), ErrorKind::AlreadyExists);
    }
    Process::spawn(crowd, name.clone()).unwrap().join().unwrap();
    SharedMemory::create_named(&name, 4).unwrap();
}

#[test]
fn the_child_of_a_plain_fork_keeps_it_alive() {
    let _watchdog = watch("a fork");
    let name = unique("fork");
    fn fork_and_stay(name: String, child: Queue<i32>) {
        let memory = SharedMemory::create_named(&name, 4).unwrap();
        memory.write_at(b"kept", 0).unwrap();
        // SAFETY: the child calls nothing but what is allowed after a fork of many threads.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            // SAFETY: as above. The alarm ends it should nobody else.
            unsafe {
                libc::alarm(120);
                libc::pause();
                libc::_exit(0);
            }
        }
        child.put(pid).unwrap();
        forever();
    }
    let queue = Queue::bounded(1).unwrap();
    let parent = Process::builder()
        .daemon(true)
        .spawn(fork_and_stay, (name.clone(), queue.clone()))
        .unwrap();
    let child = queue.get().unwrap();
    parent.kill().unwrap();
    parent.join().unwrap_err();
    let found = SharedMemory::attach(&name).unwrap();
    assert_eq!(bytes_of(&found), b"kept");
    drop(found);
    assert_eq!(kind(SharedMemory::create_named(&name, 1)), ErrorKind::AlreadyExists);
    // SAFETY: sends a signal to a process that nobody has reaped.
    assert_eq!(unsafe { libc::kill(child, libc::SIGKILL) }, 0);
    // Whose child it is by now will reap it; we cannot wait for it but in this way.
    while SharedMemory::create_named(&name, 1).is_err() {
        thread::yield_now();
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
