//! The file of a listener's socket: who has it, and what is left of it when a listener was killed.
#![cfg(unix)]
#![expect(unsafe_code, reason = "locks a directory")]

mod listening;
mod watchdog;

use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, thread};

use ipc::{Address, Client, Listener, RecvError};
use listening::{KEY, is_served, unix};
use proc_spawn::Process;
use watchdog::watch;

proc_spawn::enable_test_support!();

/// Listens, says so, sends three numbers to one client and waits to be killed.
fn serve(path: PathBuf, ready: ipc::Sender<()>) {
    let listener = Listener::bind(&Address::Unix(path), KEY).unwrap();
    ready.send(()).unwrap();
    let mut line = listener.accept::<u32, ()>().unwrap();
    for n in 0..3 {
        line.send(n).unwrap();
    }
    ready.send(()).unwrap();
    let _ = line.recv();
}

fn bind_error(path: &Path) -> ErrorKind {
    Listener::bind(&Address::Unix(path.to_owned()), KEY).unwrap_err().kind()
}

#[test]
fn a_killed_listener_leaves_its_clients_told_and_its_socket_for_the_next() {
    let _watchdog = watch("a killed listener");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let (ready, is_ready) = ipc::channel(2).unwrap();
    let server = Process::spawn(serve, (path.clone(), ready)).unwrap();
    is_ready.recv().unwrap();
    assert_eq!(bind_error(&path), ErrorKind::AddrInUse);
    let mut line = Client::connect::<(), u32>(&Address::Unix(path.clone()), KEY).unwrap();
    is_ready.recv().unwrap();
    server.kill().unwrap();
    server.wait();
    for n in 0..3 {
        assert_eq!(line.recv().unwrap(), n);
    }
    assert!(matches!(line.recv(), Err(RecvError::Disconnected)));
    assert!(path.exists());
    assert!(is_served(&Listener::bind(&Address::Unix(path.clone()), KEY).unwrap()));
    assert!(!path.exists());
}

#[test]
fn another_that_would_listen_there_disturbs_nobody() {
    let _watchdog = watch("a second listener");
    let directory = tempfile::tempdir().unwrap();
    let address = unix(&directory);
    let listener = Listener::bind(&address, KEY).unwrap();
    let go_on = AtomicBool::new(true);
    thread::scope(|scope| {
        scope.spawn(|| {
            while go_on.load(Ordering::Relaxed) {
                assert_eq!(Listener::bind(&address, KEY).unwrap_err().kind(), ErrorKind::AddrInUse);
            }
        });
        for _ in 0..200 {
            assert!(is_served(&listener));
        }
        go_on.store(false, Ordering::Relaxed);
    });
}

#[test]
fn what_is_no_dead_socket_is_not_removed() {
    let _watchdog = watch("a file");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    fs::write(&path, "precious").unwrap();
    assert_eq!(bind_error(&path), ErrorKind::AddrInUse);
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    // Nor is what has come in the place of a listener's own.
    fs::remove_file(&path).unwrap();
    let first = Listener::bind(&Address::Unix(path.clone()), KEY).unwrap();
    fs::remove_file(&path).unwrap();
    let second = Listener::bind(&Address::Unix(path.clone()), KEY).unwrap();
    drop(first);
    assert!(is_served(&second));
}

#[test]
fn a_lock_that_somebody_else_has_on_the_directory_keeps_nobody_waiting() {
    let _watchdog = watch("a locked directory");
    let directory = tempfile::tempdir().unwrap();
    let address = unix(&directory);
    // As who is started by `flock DIRECTORY`.
    let lock = fs::File::open(directory.path()).unwrap();
    // SAFETY: takes two integers and touches no memory of ours.
    assert_eq!(unsafe { libc::flock(lock.as_raw_fd(), libc::LOCK_EX) }, 0);
    let Address::Unix(path) = &address else { unreachable!() };
    drop(std::os::unix::net::UnixListener::bind(path).unwrap());
    assert!(is_served(&Listener::bind(&address, KEY).unwrap()));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "nothing is left");
}

#[test]
fn who_was_killed_while_it_had_the_path_keeps_nobody_from_it() {
    let _watchdog = watch("a lock that is left");
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(".socket.lock"), "").unwrap();
    drop(Listener::bind(&Address::Unix(directory.path().join("socket")), KEY).unwrap());
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "nothing is left");
}

#[test]
fn of_many_that_bind_at_once_over_a_dead_socket_one_listens() {
    let _watchdog = watch("a race");
    let directory = tempfile::tempdir().unwrap();
    let address = unix(&directory);
    let Address::Unix(path) = &address else { unreachable!() };
    let start = Barrier::new(4);
    for _ in 0..200 {
        // Its file is left as by a death.
        drop(std::os::unix::net::UnixListener::bind(path).unwrap());
        let bound: Vec<_> = thread::scope(|scope| {
            let bind = || {
                start.wait();
                Listener::bind(&address, KEY)
            };
            let binders: Vec<_> = (0..4).map(|_| scope.spawn(bind)).collect();
            binders.into_iter().map(|binder| binder.join().unwrap()).collect()
        });
        let listeners: Vec<_> = bound.into_iter().filter_map(Result::ok).collect();
        assert_eq!(listeners.len(), 1);
    }
}
