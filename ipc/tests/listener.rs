//! Connections between programs: every promise at a path and over TCP.

mod each_listener;
mod listening;
mod watchdog;

use std::io::ErrorKind;
use std::sync::atomic::AtomicU64;
use std::thread;
use std::time::Duration;

use each_listener::{denied, on_each};
use ipc::{Address, Client, Connection, Listener, RecvError, SendError, Shared, wait};
use listening::{KEY, is_served, unix};
use watchdog::watch;

proc_spawn::enable_test_support!();

/// More than the system holds for one who does not receive.
const LARGE: usize = 20_000_000;

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
fn who_sends_no_more_still_receives() {
    on_each("a half", |listener| {
        let address = listener.address().clone();
        let client = thread::spawn(move || {
            let (send, mut recv) = Client::connect::<(), ()>(&address, KEY).unwrap().split();
            drop(send);
            recv.recv_bytes().unwrap().len()
        });
        let mut line = listener.accept::<(), ()>().unwrap();
        assert!(matches!(line.recv(), Err(RecvError::Disconnected)));
        line.send_bytes(&vec![7; LARGE]).unwrap();
        drop(line);
        assert_eq!(client.join().unwrap(), LARGE);
    });
}

#[test]
fn large_messages_go_both_ways_at_once() {
    on_each("both ways", |listener| {
        let exchange = |line: Connection<(), ()>| {
            let (mut send, mut recv) = line.split();
            thread::scope(|scope| {
                scope.spawn(move || (0..3).for_each(|n| send.send_bytes(&vec![n; LARGE]).unwrap()));
                (0..3).for_each(|n| assert!(recv.recv_bytes().unwrap() == vec![n; LARGE]));
            });
        };
        let address = listener.address().clone();
        let client = thread::spawn(move || exchange(Client::connect(&address, KEY).unwrap()));
        exchange(listener.accept().unwrap());
        client.join().unwrap();
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
fn a_client_does_not_wait_for_ever() {
    on_each("nobody accepts", |listener| {
        let soon = Duration::from_millis(20);
        let error = Client::connect_timeout::<(), ()>(listener.address(), KEY, soon).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn what_was_sent_comes_though_its_sender_has_not_received_all() {
    on_each("something unreceived", |listener| {
        let address = listener.address().clone();
        let client = thread::spawn(move || Client::connect::<Vec<u8>, u32>(&address, KEY).unwrap());
        let mut line = listener.accept::<u32, Vec<u8>>().unwrap();
        let mut client = client.join().unwrap();
        line.send(1).unwrap();
        assert!(client.poll(Duration::from_secs(60)));
        // As much as the system takes: a part of it has not left this side.
        let sent = (0..).take_while(|_| client.try_send(vec![7; 50_000]).is_ok()).count();
        drop(client);
        for n in 0..sent {
            assert_eq!(
                line.recv().map(|message| message.len()).ok(),
                Some(50_000),
                "{n} of {sent}"
            );
        }
        assert!(matches!(line.recv(), Err(RecvError::Disconnected)));
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
        assert!(!line.poll(Duration::ZERO));
        client.send(1).unwrap();
        assert_eq!(wait(&[&listener, &line], None).unwrap(), [1]);
        assert!(line.poll(Duration::ZERO));
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
