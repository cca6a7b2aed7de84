//! Connections over sockets: every promise on a Unix socket and over TCP.
#![cfg(unix)]

mod listening;
mod watchdog;

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::sync::atomic::AtomicU64;
use std::thread;
use std::time::Duration;

use ipc::{Address, Client, Connection, Listener, RecvError, SendError, Shared, wait};
use listening::{KEY, is_served, unix};
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::prop_assert_eq;
use watchdog::watch;

proc_spawn::enable_test_support!();

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

#[test]
fn a_crowd_that_leaves_without_a_word_makes_room() {
    on_each("a silent crowd", |listener| {
        let mut crowd = Vec::new();
        for _ in 0..3 {
            crowd.extend((0..100).map(|_| raw(listener.address())));
            let nobody = listener.accept_timeout::<(), ()>(Duration::ZERO);
            assert_eq!(nobody.unwrap_err().kind(), ErrorKind::TimedOut);
        }
        drop(crowd);
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
