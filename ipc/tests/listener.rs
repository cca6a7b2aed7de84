//! Connections over sockets: every promise on a Unix socket and over TCP.

mod watchdog;

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use std::{fs, thread};

use ipc::{Address, Client, Connection, Listener, RecvError, SendError, Shared, wait};
use proc_spawn::Process;
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::prop_assert_eq;
use tempfile::TempDir;
use watchdog::watch;

proc_spawn::enable_test_support!();

const KEY: &[u8] = b"correct horse battery staple";

fn unix(directory: &TempDir) -> Address {
    Address::Unix(directory.path().join("socket"))
}

/// Calls `f` with a listener of each kind.
fn on_each(what: &'static str, f: impl Fn(Listener)) {
    let _watchdog = watch(what);
    let directory = tempfile::tempdir().unwrap();
    f(Listener::bind(&unix(&directory), KEY).unwrap());
    f(Listener::bind(&Address::Tcp(([127, 0, 0, 1], 0).into()), KEY).unwrap());
}

/// A connection without a handshake.
fn raw(address: &Address) -> Raw {
    match address {
        Address::Unix(path) => Raw::Unix(UnixStream::connect(path).unwrap()),
        Address::Tcp(address) => Raw::Tcp(TcpStream::connect(address).unwrap()),
        _ => unreachable!("no other kind is tested"),
    }
}

enum Raw {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Raw {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Raw::Unix(stream) => stream.write_all(bytes),
            Raw::Tcp(stream) => stream.write_all(bytes),
        }
    }

    fn read_to_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A reset is an end as well.
        let _ = match self {
            Raw::Unix(stream) => stream.read_to_end(&mut bytes),
            Raw::Tcp(stream) => stream.read_to_end(&mut bytes),
        };
        bytes
    }
}

/// A client that sends one number, on a thread; and that number as it came.
fn is_served(listener: &Listener) -> bool {
    let address = listener.address().clone();
    let client = thread::spawn(move || {
        Client::connect::<u32, ()>(&address, KEY).unwrap().send(42).unwrap();
    });
    let served = listener.accept::<(), u32>().unwrap().recv().unwrap() == 42;
    client.join().unwrap();
    served
}

fn denied<S, R>(result: &io::Result<Connection<S, R>>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

#[test]
fn values_and_bytes_of_every_size_go_both_ways() {
    on_each("an echo", |listener| {
        let address = listener.address().clone();
        let client = thread::spawn(move || {
            let mut line = Client::connect::<Vec<u8>, Vec<u8>>(&address, KEY).unwrap();
            for size in [0, 1, 100, 65_530, 65_536, 65_537, 3_000_001] {
                let message = vec![size as u8; size];
                line.send(message.clone()).unwrap();
                assert_eq!(line.recv().unwrap(), message, "{size} bytes");
            }
            line.send_bytes(b"plain").unwrap();
            assert!(matches!(line.recv(), Err(RecvError::Disconnected)));
        });
        let mut line = listener.accept::<Vec<u8>, Vec<u8>>().unwrap();
        loop {
            match line.recv() {
                Ok(message) => line.send(message).unwrap(),
                // Bytes are never taken for a value.
                Err(RecvError::Decode(_)) => break,
                Err(error) => panic!("{error}"),
            }
        }
        drop(line);
        client.join().unwrap();
    });
}

#[test]
fn halves_work_on_their_own_and_their_ends_are_told() {
    on_each("halves", |listener| {
        let address = listener.address().clone();
        let client = thread::spawn(move || Client::connect::<u32, u32>(&address, KEY).unwrap());
        let (mut send, recv) = listener.accept::<u32, u32>().unwrap().split();
        let mut line = client.join().unwrap();
        drop(recv);
        send.send(7).unwrap();
        assert_eq!(line.recv().unwrap(), 7);
        drop(send);
        assert!(matches!(line.recv(), Err(RecvError::Disconnected)));
    });
}

#[test]
fn a_client_with_another_key_is_refused_and_the_next_one_served() {
    on_each("a wrong key", |listener| {
        let address = listener.address().clone();
        let client = thread::spawn(move || Client::connect::<(), ()>(&address, b"another key"));
        assert!(denied(&listener.accept::<(), ()>()));
        assert!(denied(&client.join().unwrap()));
        assert!(is_served(&listener));
    });
}

#[test]
fn an_empty_key_is_refused_over_tcp_alone() {
    let _watchdog = watch("an empty key");
    let address = Address::Tcp(([127, 0, 0, 1], 0).into());
    assert_eq!(Listener::bind(&address, b"").unwrap_err().kind(), ErrorKind::InvalidInput);
    let error = Client::connect::<(), ()>(&address, b"").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let directory = tempfile::tempdir().unwrap();
    let listener = Listener::bind(&unix(&directory), b"").unwrap();
    let address = listener.address().clone();
    let client = thread::spawn(move || Client::connect::<(), ()>(&address, b"").map(drop));
    listener.accept::<(), ()>().unwrap();
    client.join().unwrap().unwrap();
}

#[test]
fn those_who_say_nothing_hinder_nobody() {
    on_each("silence", |listener| {
        let address = listener.address().clone();
        // Fewer than may wait at a time: they are all let in before the one that is served.
        let mut silent: Vec<Raw> = (0..100).map(|_| raw(&address)).collect();
        // This one says something, one byte at a time.
        silent[0].write(b"t").unwrap();
        assert!(is_served(&listener));
        silent[0].write(b"a").unwrap();
        let nobody = listener.accept_timeout::<(), ()>(Duration::ZERO);
        assert_eq!(nobody.unwrap_err().kind(), ErrorKind::TimedOut);
        // Of those who leave only the one that had said something is a client.
        drop(silent);
        assert!(denied(&listener.accept::<(), ()>()));
        let nobody = listener.accept_timeout::<(), ()>(Duration::ZERO);
        assert_eq!(nobody.unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(is_served(&listener));
    });
}

#[test]
fn those_who_are_too_slow_are_refused() {
    on_each("slowness", |mut listener| {
        listener.set_handshake_timeout(Duration::from_millis(20));
        let mut slow = raw(listener.address());
        slow.write(b"tandem").unwrap();
        assert!(denied(&listener.accept::<(), ()>()));
        // The challenge and nothing more.
        assert_eq!(slow.read_to_end().len(), 40);
    });
}

#[test]
fn more_than_may_wait_are_let_in_as_others_leave() {
    on_each("a crowd", |mut listener| {
        listener.set_handshake_timeout(Duration::from_millis(1));
        let address = listener.address().clone();
        let crowd = thread::spawn(move || {
            let crowd: Vec<Raw> = (0..300).map(|_| raw(&address)).collect();
            crowd.into_iter().for_each(|mut one| drop(one.read_to_end()));
        });
        for _ in 0..300 {
            assert!(denied(&listener.accept::<(), ()>()));
        }
        crowd.join().unwrap();
        listener.set_handshake_timeout(Duration::from_secs(10));
        assert!(is_served(&listener));
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Random bytes, or the beginning of a good answer, truncated or oversized.
    #[test]
    fn hostile_bytes_instead_of_a_handshake_are_refused(
        good in any::<bool>(),
        bytes in proptest::collection::vec(any::<u8>(), 1..200),
    ) {
        let _watchdog = watch("hostile bytes");
        let directory = tempfile::tempdir().unwrap();
        let listener = Listener::bind(&unix(&directory), KEY).unwrap();
        let mut client = raw(listener.address());
        if good {
            client.write(b"tandem/1").unwrap();
        }
        client.write(&bytes).unwrap();
        if let Raw::Unix(client) = &client {
            client.shutdown(std::net::Shutdown::Write).unwrap();
        }
        let error = listener.accept::<(), ()>().unwrap_err();
        prop_assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        // A challenge, and a refusal at most, which is all zeros: nothing made with the key.
        let heard = client.read_to_end();
        prop_assert_eq!(heard.len().saturating_sub(40) % 33, 0);
        prop_assert_eq!(heard.iter().skip(40).filter(|byte| **byte != 0).count(), 0);
        assert!(is_served(&listener));
    }
}

#[test]
fn a_listener_that_does_not_know_the_key_is_refused_by_the_client() {
    let _watchdog = watch("a false listener");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let client = thread::spawn(move || Client::connect::<(), ()>(&Address::Unix(path), KEY));
    let (mut line, _) = socket.accept().unwrap();
    // It reflects what the client proves.
    line.write_all(b"tandem/1").unwrap();
    line.write_all(&[5; 32]).unwrap();
    let mut answer = [0; 72];
    line.read_exact(&mut answer).unwrap();
    line.write_all(&[1]).unwrap();
    line.write_all(&answer[40..]).unwrap();
    assert!(denied(&client.join().unwrap()));
}

#[test]
fn a_client_does_not_wait_for_ever() {
    on_each("nobody accepts", |listener| {
        let soon = Duration::from_millis(20);
        let error = Client::connect_timeout::<(), ()>(listener.address(), KEY, soon).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn handles_stay_in_their_program() {
    on_each("a handle", |listener| {
        let address = listener.address().clone();
        let client = thread::spawn(move || Client::connect::<(), u32>(&address, KEY).unwrap());
        let mut line = listener.accept::<Option<Shared<AtomicU64>>, ()>().unwrap();
        let _client = client.join().unwrap();
        let handle = Shared::new(AtomicU64::new(5)).unwrap();
        let error = line.send(Some(handle)).unwrap_err();
        assert!(matches!(error, SendError::Encode { value: Some(Some(_)), .. }), "{error:?}");
        line.send(None).unwrap();
        // The connection itself is such a handle.
        let queue = ipc::Queue::bounded(1).unwrap();
        assert!(matches!(queue.put(line), Err(SendError::Encode { .. })));
    });
}

#[test]
fn a_listener_and_its_connections_can_be_waited_for() {
    on_each("a wait", |listener| {
        let none = Some(Duration::ZERO);
        assert_eq!(wait(&[&listener], none).unwrap(), []);
        let address = listener.address().clone();
        let client = thread::spawn(move || Client::connect::<u32, ()>(&address, KEY).unwrap());
        assert_eq!(wait(&[&listener], None).unwrap(), [0]);
        let mut line = listener.accept::<(), u32>().unwrap();
        let mut client = client.join().unwrap();
        assert_eq!(wait(&[&listener, &line], none).unwrap(), []);
        assert!(!line.poll(Duration::ZERO).unwrap());
        client.send(1).unwrap();
        assert_eq!(wait(&[&listener, &line], None).unwrap(), [1]);
        assert!(line.poll(Duration::ZERO).unwrap());
        assert_eq!(line.recv().unwrap(), 1);
        assert_eq!(wait(&[&line], none).unwrap(), []);
        drop(client);
        assert_eq!(wait(&[&line], None).unwrap(), [0]);
    });
}

#[test]
fn a_key_is_never_printed() {
    on_each("a key", |listener| assert!(!format!("{listener:?}").contains("horse")));
}

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
