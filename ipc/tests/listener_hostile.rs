//! Listeners, and clients that do not know the key: on a Unix socket and over TCP.
#![cfg(unix)]

mod each_listener;
mod listening;
mod watchdog;

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use each_listener::{denied, on_each};
use ipc::{Address, Client, Listener};
use listening::{KEY, is_served, unix};
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::prop_assert_eq;
use watchdog::watch;

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
