//! What the kernel holds a child to, and the descriptor that tells of its end.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "asks the system what safe code cannot")]

mod watchdog;

use std::os::fd::{AsFd, AsRawFd};
use std::process::abort;
use std::thread;
use std::time::Duration;

use proc_spawn::{Builder, JoinError, Process, SpawnError, Stdio, cpu_count};
use watchdog::watch;

proc_spawn::enable_test_support!();

const MIB: usize = 1 << 20;

fn forever() {
    loop {
        thread::park();
    }
}

#[test]
fn a_sentinel_tells_of_the_end_and_can_be_polled() {
    let _watchdog = watch("a sentinel");
    let child = Process::spawn(forever, ()).unwrap();
    let sentinel = child.sentinel();
    assert!(!sentinel.has_ended().unwrap());
    assert!(!sentinel.wait_timeout(Duration::from_millis(1)).unwrap());
    child.kill().unwrap();
    let fd = sentinel.as_fd().as_raw_fd();
    let mut polled = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry, which outlives the call.
    assert_eq!(unsafe { libc::poll(&raw mut polled, 1, -1) }, 1);
    sentinel.wait().unwrap();
    assert!(sentinel.has_ended().unwrap());
    assert!(matches!(child.join(), Err(JoinError::Crashed { signal: 9, .. })));
}

fn allocate(bytes: usize) -> usize {
    let memory = std::hint::black_box(vec![1_u8; bytes]);
    memory.len()
}

#[test]
fn a_child_that_dies_for_want_of_memory_is_told_from_one_that_aborts() {
    let _watchdog = watch("a memory limit");
    // The text of such an end may come with a backtrace.
    for backtrace in ["0", "1"] {
        check_memory_limit(|| {
            let limited = Process::builder().memory_limit(64 * MIB as u64);
            limited.env("RUST_BACKTRACE", backtrace).stderr(Stdio::null())
        });
    }
}

fn check_memory_limit(limited: impl Fn() -> Builder<Process>) {
    assert_eq!(limited().spawn(allocate, 8 * MIB).unwrap().join().unwrap(), 8 * MIB);
    for bytes in [65 * MIB, 1 << 40] {
        match limited().spawn(allocate, bytes).unwrap().join() {
            Err(JoinError::MemoryLimit { limit }) => assert_eq!(limit, 64 * MIB as u64),
            other => panic!("{other:?}"),
        }
    }
    let slowly = || -> () {
        let mut all = Vec::new();
        loop {
            all.push(vec![1_u8; 10_000]);
        }
    };
    let slow = limited().spawn(slowly, ()).unwrap();
    assert_eq!((slow.wait().code(), slow.exitcode()), (None, Some(-6)));
    assert!(matches!(slow.join(), Err(JoinError::MemoryLimit { .. })));

    // A stack counts before it is used; to be refused one is nothing to die of.
    let refused = |size| thread::Builder::new().stack_size(size).spawn(|| ()).is_err();
    assert!(!limited().spawn(refused, 2 * MIB).unwrap().join().unwrap());
    assert!(limited().spawn(refused, 65 * MIB).unwrap().join().unwrap());

    let aborted = limited().spawn(|| -> () { abort() }, ()).unwrap().join();
    assert!(matches!(aborted, Err(JoinError::Crashed { signal: 6, .. })), "{aborted:?}");
    let killed = limited().spawn(forever, ()).unwrap();
    killed.kill().unwrap();
    assert!(matches!(killed.join(), Err(JoinError::Crashed { signal: 9, .. })));
}

#[test]
fn a_child_that_computes_for_too_long_is_ended() {
    let _watchdog = watch("a time limit");
    let limited = Process::builder().cpu_time_limit(Duration::from_millis(10));
    let spin = || -> () {
        loop {
            std::hint::spin_loop();
        }
    };
    match limited.spawn(spin, ()).unwrap().join() {
        Err(JoinError::Crashed { signal, .. }) => assert_eq!(signal, libc::SIGXCPU),
        other => panic!("{other:?}"),
    }
}

/// How nice this process is.
fn niceness() -> i32 {
    // SAFETY: takes two integers.
    unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) }
}

#[test]
fn a_child_is_as_nice_as_it_was_told_on_all_its_threads() {
    let _watchdog = watch("a nice child");
    let nice = Process::builder()
        .nice(3)
        .daemon(true)
        .spawn(|| (niceness(), thread::spawn(niceness).join().unwrap()), ());
    let expected = (niceness() + 3).min(19);
    assert_eq!(nice.unwrap().join().unwrap(), (expected, expected));
}

#[test]
fn a_child_stays_on_the_processors_that_it_was_given() {
    let _watchdog = watch("an affinity");
    // SAFETY: takes nothing.
    let here = unsafe { libc::sched_getcpu() } as usize;
    let child = Process::builder().affinity([here]).spawn(cpu_count, ()).unwrap();
    assert_eq!(child.join().unwrap(), 1);

    let error = Process::builder().affinity([]).spawn(cpu_count, ()).unwrap_err();
    assert!(matches!(error, SpawnError::Invalid { .. }), "{error}");
    for number in [8191, usize::MAX] {
        let nowhere = Process::builder().affinity([number]).spawn(cpu_count, ()).unwrap();
        match nowhere.join() {
            Err(JoinError::Refused(problem)) => assert!(problem.contains("limits"), "{problem}"),
            other => panic!("{other:?}"),
        }
    }
}
