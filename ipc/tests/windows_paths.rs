//! Listeners at paths, which are named pipes there.
#![cfg(windows)]

mod listening;
mod watchdog;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Barrier;
use std::thread;

use ipc::{Address, Client, Listener, RecvError, SendError};
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

#[test]
fn a_path_leads_to_its_listener_as_long_as_it_is_there() {
    let _watchdog = watch("a path");
    let directory = tempfile::tempdir().unwrap();
    let address = unix(&directory);
    let missing = Client::connect::<(), ()>(&address, KEY).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    let listener = Listener::bind(&address, KEY).unwrap();
    assert!(is_served(&listener));
    let Address::Unix(path) = &address else { unreachable!() };
    let same = Address::Unix(path.to_str().unwrap().to_uppercase().into());
    assert_eq!(Listener::bind(&same, KEY).unwrap_err().kind(), ErrorKind::AddrInUse);
    assert!(is_served(&listener));
    drop(listener);
    let missing = Client::connect::<(), ()>(&address, KEY).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    let empty = Listener::bind(&Address::Unix(PathBuf::new()), KEY).unwrap_err();
    assert_eq!(empty.kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_killed_listener_leaves_its_clients_told_and_its_path_to_the_next() {
    let _watchdog = watch("a killed listener");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("listener");
    let (ready, is_ready) = ipc::channel(2).unwrap();
    let server = Process::spawn(serve, (path.clone(), ready)).unwrap();
    is_ready.recv().unwrap();
    let address = Address::Unix(path);
    assert_eq!(Listener::bind(&address, KEY).unwrap_err().kind(), ErrorKind::AddrInUse);
    let mut line = Client::connect::<(), u32>(&address, KEY).unwrap();
    is_ready.recv().unwrap();
    server.kill().unwrap();
    server.wait();
    for n in 0..3 {
        assert_eq!(line.recv().unwrap(), n);
    }
    assert!(matches!(line.recv(), Err(RecvError::Disconnected)));
    assert!(is_served(&Listener::bind(&address, KEY).unwrap()));
}

/// Sends what a pipe has room for, and exits at once.
fn send_and_exit(path: PathBuf) {
    let mut line = Client::connect::<Vec<u8>, ()>(&Address::Unix(path), KEY).unwrap();
    line.send(vec![7; 60_000]).unwrap();
    std::process::exit(0);
}

#[test]
fn what_a_client_has_sent_is_received_when_its_process_has_ended() {
    let _watchdog = watch("a client that exits");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("listener");
    let listener = Listener::bind(&Address::Unix(path.clone()), KEY).unwrap();
    let client = Process::spawn(send_and_exit, path).unwrap();
    let mut line = listener.accept::<(), Vec<u8>>().unwrap();
    client.wait();
    assert_eq!(line.recv().unwrap().len(), 60_000);
    assert!(matches!(line.recv(), Err(RecvError::Disconnected)));
}

/// Connects, says so, and waits to be killed.
fn connect(path: PathBuf, ready: ipc::Sender<()>) {
    let _line = Client::connect::<(), Vec<u8>>(&Address::Unix(path), KEY).unwrap();
    ready.send(()).unwrap();
    loop {
        thread::park();
    }
}

#[test]
fn who_waits_for_a_client_to_receive_is_told_of_its_death() {
    let _watchdog = watch("a killed client");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("listener");
    let listener = Listener::bind(&Address::Unix(path.clone()), KEY).unwrap();
    let (ready, is_ready) = ipc::channel(1).unwrap();
    let client = Process::spawn(connect, (path, ready)).unwrap();
    let mut line = listener.accept::<Vec<u8>, ()>().unwrap();
    is_ready.recv().unwrap();
    // It is full, and nobody will make room.
    while line.try_send(vec![7; 1000]).is_ok() {}
    thread::scope(|scope| {
        let told = scope.spawn(|| line.send(vec![7; 1000]));
        client.kill().unwrap();
        assert!(matches!(told.join().unwrap(), Err(SendError::Disconnected(_))));
    });
    client.wait();
}

/// Connects and says something, over and over, until it is killed.
fn churn(path: PathBuf) {
    let address = Address::Unix(path);
    loop {
        let mut line = Client::connect::<Vec<u8>, usize>(&address, KEY).unwrap();
        for length in [1, 100_000] {
            line.send(vec![7; length]).unwrap();
            assert_eq!(line.recv().unwrap(), length);
        }
    }
}

#[test]
fn clients_that_are_killed_anywhere_hinder_nobody() {
    let _watchdog = watch("clients");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("listener");
    let listener = Listener::bind(&Address::Unix(path.clone()), KEY).unwrap();
    let serve = |count: usize| {
        for _ in 0..count {
            // A client that was killed in the middle of its handshake is refused.
            let Ok(mut line) = listener.accept::<usize, Vec<u8>>() else { continue };
            while let Ok(message) = line.recv() {
                if line.send(message.len()).is_err() {
                    break;
                }
            }
        }
    };
    let mut clients: Vec<_> =
        (0..3).map(|_| Process::spawn(churn, path.clone()).unwrap()).collect();
    for round in 0..8 {
        serve(3 * round);
        // Wherever it is by then.
        let client = clients.remove(0);
        client.kill().unwrap();
        client.wait();
        clients.push(Process::spawn(churn, path.clone()).unwrap());
    }
    for client in clients {
        client.kill().unwrap();
        client.wait();
    }
    let address = listener.address().clone();
    let last = thread::spawn(move || {
        let mut line = Client::connect::<Vec<u8>, usize>(&address, KEY).unwrap();
        line.send(Vec::new()).unwrap();
        line.recv().unwrap()
    });
    // What they have left comes before it.
    loop {
        let Ok(mut line) = listener.accept::<usize, Vec<u8>>() else { continue };
        if line.recv().is_ok_and(|message| message.is_empty()) {
            line.send(42).unwrap();
            break;
        }
    }
    assert_eq!(last.join().unwrap(), 42);
}

#[test]
fn of_many_that_bind_at_once_one_listens() {
    let _watchdog = watch("a race");
    let directory = tempfile::tempdir().unwrap();
    let address = unix(&directory);
    let start = Barrier::new(4);
    for _ in 0..20 {
        let bound: Vec<_> = thread::scope(|scope| {
            let bind = || {
                start.wait();
                Listener::bind(&address, KEY)
            };
            let binders: Vec<_> = (0..4).map(|_| scope.spawn(bind)).collect();
            binders.into_iter().map(|binder| binder.join().unwrap()).collect()
        });
        assert_eq!(bound.into_iter().filter_map(Result::ok).collect::<Vec<_>>().len(), 1);
    }
}
