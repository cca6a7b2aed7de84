//! Listeners at paths, which are names there.
#![cfg(windows)]

mod listening;
mod watchdog;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Barrier;
use std::thread;

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
