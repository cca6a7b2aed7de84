//! What happens when the system has no more to give, or others meddle.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "sets limits and signal dispositions")]

mod watchdog;

use std::time::Duration;
use std::{fs, thread};

use ipc::{Receiver, RecvError, Sender, channel};
use proc_spawn::{JoinError, Process, SpawnError, StartMethod, active_children};
use watchdog::watch;

proc_spawn::enable_test_support!();

fn open_descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Starts a child under every limit that is too low, and then under one that is not. Says how
/// often it failed.
fn spawn_under_limits() -> usize {
    Process::spawn(|| (), ()).unwrap().join().unwrap();
    let before = open_descriptors();
    // SAFETY: an all-zero rlimit is a value of it.
    let mut limit: libc::rlimit = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel writes one rlimit.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    let mut failures = 0;
    // Those that are open stay open: the limit is for the numbers of new ones.
    for lowest in 4.. {
        let low = libc::rlimit { rlim_cur: lowest, ..limit };
        // SAFETY: the kernel reads one rlimit.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const low) };
        let started = Process::spawn(|| 5, ());
        // SAFETY: as above.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
        match started {
            Err(SpawnError::System { .. }) => failures += 1,
            Err(error) => panic!("{error}"),
            // It inherits the limit, which may be too low for what it has to open.
            Ok(child) => match child.join() {
                Ok(result) => {
                    assert_eq!(result, 5);
                    break;
                }
                Err(JoinError::Refused(_)) => {}
                // So says the loader, who comes before the guard.
                Err(JoinError::NotInitialized { code: 127 }) => {}
                Err(error) => panic!("under a limit of {lowest}: {error}"),
            },
        }
        assert!(active_children().is_empty());
        // The thread that looks after the children may be a moment behind.
        while open_descriptors() > before {
            thread::yield_now();
        }
    }
    failures
}

#[test]
fn a_shortage_of_descriptors_is_an_error_and_leaves_nothing_behind() {
    let _watchdog = watch("a shortage");
    let failures = Process::spawn(spawn_under_limits, ()).unwrap().join().unwrap();
    assert!(failures > 4, "{failures}");
}

fn ignore_the_end_of_children() -> (u32, Option<i32>, bool) {
    // SAFETY: no handler is installed that could run.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    let child = Process::spawn(|n: u32| n + 1, 1).unwrap();
    let code = child.wait().code();
    let unknown = Process::spawn(|| -> () { std::process::exit(3) }, ());
    let unknown = unknown.unwrap().join();
    let is_unknown = matches!(unknown, Err(JoinError::EndUnknown));
    assert!(is_unknown, "{unknown:?}");
    (child.join().unwrap(), code, is_unknown)
}

#[test]
fn a_child_whose_status_others_took_still_gives_its_result() {
    let _watchdog = watch("an ignored end");
    let child = Process::spawn(ignore_the_end_of_children, ()).unwrap();
    assert_eq!(child.join().unwrap(), (2, Some(255), true));
}

/// Is told of the process's end before its parent is, and takes note of it when it is allowed to.
fn debug(id: u32, ready: Sender<()>, go: Receiver<()>) -> i32 {
    let (id, mut status) = (id as libc::pid_t, 0);
    // SAFETY: takes integers.
    let seized = unsafe { libc::ptrace(libc::PTRACE_SEIZE, id, 0, 0) };
    assert_eq!(seized, 0, "{}", std::io::Error::last_os_error());
    ready.send(()).unwrap();
    go.recv().unwrap();
    // SAFETY: the kernel writes one integer.
    assert_eq!(unsafe { libc::waitpid(id, &raw mut status, libc::__WALL) }, id);
    status
}

#[test]
fn a_child_that_is_debugged_has_ended_when_its_debugger_knows() {
    let _watchdog = watch("a debugged child");
    let debugged = |ready: Sender<()>| -> () {
        // Where only ancestors may. Elsewhere it fails.
        // SAFETY: takes integers.
        unsafe { libc::prctl(libc::PR_SET_PTRACER, libc::PR_SET_PTRACER_ANY, 0, 0, 0) };
        ready.send(()).unwrap();
        loop {
            thread::park();
        }
    };
    let (ready, readies) = channel(1).unwrap();
    let (go, wait) = channel(1).unwrap();
    let child = Process::spawn(debugged, ready.clone()).unwrap();
    readies.recv().unwrap();
    let debugger = Process::spawn(debug, (child.id(), ready, wait)).unwrap();
    readies.recv().unwrap();
    child.kill().unwrap();
    child.sentinel().wait().unwrap();
    assert_eq!(child.wait_timeout(Duration::from_millis(20)), None);
    assert!(child.is_alive());
    // The ends of others are noticed all the same.
    let (told, tells) = std::sync::mpsc::channel();
    let other = Process::builder().on_end(move || told.send(()).unwrap()).spawn(|| 7, ()).unwrap();
    tells.recv().unwrap();
    assert_eq!(other.join().unwrap(), 7);
    go.send(()).unwrap();
    assert!(matches!(child.join(), Err(JoinError::Crashed { signal: 9, .. })));
    assert_eq!(debugger.join().unwrap(), 9);
}

/// Gives up the right to signal what was started before, as servers do that begin with all rights. Says whether it had any.
fn give_up_rights() -> bool {
    // SAFETY: take nothing, and an integer.
    unsafe { libc::geteuid() == 0 && libc::setuid(65534) == 0 }
}

#[test]
fn who_may_not_signal_its_daemons_any_more_ends_and_they_do() {
    let _watchdog = watch("rights that were given up");
    let family = |last: Sender<()>, method: StartMethod| {
        let (begun, begins) = channel::<()>(1).unwrap();
        let daemon = |_last: Sender<()>, begun: Sender<()>| {
            begun.send(()).unwrap();
            thread::park();
        };
        let builder = Process::builder().daemon(true).start_method(method);
        let daemon = builder.spawn(daemon, (last, begun)).unwrap();
        begins.recv().unwrap();
        if give_up_rights() {
            assert!(daemon.kill().is_err());
        }
        // What follows is for the exit to do.
        std::mem::forget(daemon);
    };
    for method in [StartMethod::Spawn, StartMethod::ForkServer] {
        let (last, wait) = channel::<()>(1).unwrap();
        Process::spawn(family, (last, method)).unwrap().join().unwrap();
        assert!(matches!(wait.recv(), Err(RecvError::Disconnected)));
    }
}
