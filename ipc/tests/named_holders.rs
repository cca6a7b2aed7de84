//! Named memory whose holders end, are killed or are of other programs.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "forks, and kills what it forked")]

mod names;
mod watchdog;

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ipc::{Queue, Shared, SharedMemory};
use names::{bytes_of, file_of, kind, unique, until_gone};
use proc_spawn::Process;
use sync_prims::process::Event;
use watchdog::watch;

proc_spawn::enable_test_support!();

fn forever() {
    loop {
        thread::park();
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
