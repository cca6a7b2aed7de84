//! What Linux alone has that a child's life could depend on.
#![cfg(target_os = "linux")]

mod sys;
mod watchdog;

use std::os::unix::process::CommandExt;
use std::process::{Command, abort};
use std::{fs, thread};

use ipc::{Receiver, RecvError, Sender, channel};
use proc_spawn::{JoinError, Process};
use sys::exists;
use watchdog::watch;

proc_spawn::enable_test_support!();

fn forever() {
    loop {
        thread::park();
    }
}

#[test]
fn a_daemon_outlives_the_thread_that_started_it_and_dies_with_the_process() {
    let _watchdog = watch("a thread that ends");
    let family = |report: Sender<u32>, go: Receiver<()>, told: Sender<()>| {
        let start = move || {
            let daemon = |report: Sender<u32>, go: Receiver<()>, told: Sender<()>| {
                report.send(std::process::id()).unwrap();
                go.recv().unwrap();
                told.send(()).unwrap();
                forever();
            };
            let builder = Process::builder().daemon(true);
            builder.spawn(daemon, (report, go, told)).unwrap().detach();
        };
        thread::spawn(start).join().unwrap();
        forever();
    };
    let (report, reports) = channel(1).unwrap();
    let (go, wait) = channel(1).unwrap();
    let (told, tells) = channel(1).unwrap();
    let child = Process::spawn(family, (report, wait, told)).unwrap();
    let daemon = reports.recv().unwrap();
    // The thread may end a moment later, but it is gone by the time its stack is.
    while thread_count(child.id()) > 2 {
        thread::yield_now();
    }
    go.send(()).unwrap();
    tells.recv().unwrap();
    assert!(exists(daemon));
    child.kill().unwrap();
    assert!(matches!(reports.recv(), Err(RecvError::Disconnected)));
}

/// Its first one and its keeper, and others if it has any.
fn thread_count(id: u32) -> usize {
    fs::read_dir(format!("/proc/{id}/task")).unwrap().count()
}

#[test]
fn a_child_that_becomes_another_program_is_waited_for_to_its_end() {
    let _watchdog = watch("an exec");
    let (sender, receiver) = channel::<u32>(1).unwrap();
    let become_shell = |_last: Sender<u32>| -> () {
        let error = Command::new("/bin/sh").args(["-c", "exit 5"]).exec();
        panic!("{error}");
    };
    let child = Process::spawn(become_shell, sender).unwrap();
    assert!(matches!(receiver.recv(), Err(RecvError::Disconnected)));
    assert!(matches!(child.join(), Err(JoinError::Exited { code: 5 })));
}

#[test]
fn a_daemon_ends_when_its_parent_becomes_another_program() {
    let _watchdog = watch("an exec of a parent");
    let family = |last: Sender<()>| -> () {
        let (begun, begins) = channel(1).unwrap();
        let daemon = |_last: Sender<()>, begun: Sender<()>| {
            begun.send(()).unwrap();
            forever();
        };
        let builder = Process::builder().daemon(true);
        builder.spawn(daemon, (last, begun)).unwrap().detach();
        begins.recv().unwrap();
        let error = Command::new("sleep").arg("1000").exec();
        panic!("{error}");
    };
    let (sender, receiver) = channel::<()>(1).unwrap();
    let child = Process::spawn(family, sender).unwrap();
    assert!(matches!(receiver.recv(), Err(RecvError::Disconnected)));
    assert!(child.is_alive());
    child.kill().unwrap();
    child.wait();
}

/// Elsewhere a process may end without what its first thread would do at its end.
#[test]
fn a_result_counts_although_the_process_crashed_after_handing_it_over() {
    let _watchdog = watch("a late crash");
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            abort();
        }
    }
    thread_local!(static BOMB: Bomb = const { Bomb });
    let child = Process::spawn(|| BOMB.with(|_| 42), ()).unwrap();
    child.wait();
    assert_eq!(child.exitcode(), Some(-6));
    assert_eq!(child.join().unwrap(), 42);
}
