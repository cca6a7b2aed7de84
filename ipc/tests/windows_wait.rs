//! Waiting for objects, sockets and messages at once, and connections over sockets.
#![cfg(windows)]

mod watchdog;

use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::windows::io::{BorrowedHandle, BorrowedSocket, OwnedHandle, OwnedSocket};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use ipc::transport::Transport;
use ipc::{Address, Client, Listener, RecvError, Waitable, channel, wait};
use watchdog::watch;

const NOW: Option<Duration> = Some(Duration::ZERO);
const LONG: Option<Duration> = Some(Duration::from_secs(30));
const KEY: &[u8] = b"correct horse battery staple";

/// A process that ends when its standard input does.
fn process() -> (OwnedHandle, impl Drop + Send) {
    struct Reaped(Child);
    impl Drop for Reaped {
        fn drop(&mut self) {
            drop(self.0.stdin.take());
            let _ = self.0.wait();
        }
    }
    let test = std::env::current_exe().expect("this binary");
    let mut command = Command::new(test);
    command.args(["reads_to_the_end", "--exact", "--ignored"]);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("a child");
    let handle = std::os::windows::io::AsHandle::as_handle(&child);
    (handle.try_clone_to_owned().expect("a handle"), Reaped(child))
}

#[test]
#[ignore = "the role of a child: the tests start it by name"]
fn reads_to_the_end() {
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
}

fn sockets() -> (OwnedSocket, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let theirs = TcpStream::connect(listener.local_addr().expect("an address")).expect("room");
    (listener.accept().expect("somebody").0.into(), theirs)
}

fn waitable<T: Waitable>() {}

#[test]
fn objects_and_sockets_can_be_waited_for() {
    waitable::<OwnedHandle>();
    waitable::<BorrowedHandle<'static>>();
    waitable::<OwnedSocket>();
    waitable::<BorrowedSocket<'static>>();
}

#[test]
fn any_of_a_mix_ends_the_wait_and_is_named() {
    let _watchdog = watch("a mix");
    let (ended, child) = process();
    let (ours, mut theirs) = sockets();
    let (sender, receiver) = channel::<u32>(1).unwrap();
    let all: [&dyn Waitable; 3] = [&ended, &ours, &receiver];
    assert_eq!(wait(&all, NOW).unwrap(), []);
    assert_eq!(wait(&all, Some(Duration::from_millis(20))).unwrap(), []);

    thread::scope(|scope| {
        scope.spawn(|| sender.send(7).unwrap());
        assert_eq!(wait(&all, LONG).unwrap(), [2]);
    });
    assert_eq!(receiver.recv().unwrap(), 7);

    thread::scope(|scope| {
        scope.spawn(|| theirs.write_all(b"x").unwrap());
        assert_eq!(wait(&all, LONG).unwrap(), [1]);
    });
    // It stays ready until somebody reads.
    assert_eq!(wait(&all, LONG).unwrap(), [1]);
    drop(theirs);

    thread::scope(|scope| {
        scope.spawn(|| drop(child));
        assert_eq!(wait(&[&ended, &receiver], LONG).unwrap(), [0]);
    });
    assert_eq!(wait(&all, NOW).unwrap(), [0, 1]);
    // What is there twice is told twice.
    assert_eq!(wait(&[&ended, &ours, &ended, &ours], NOW).unwrap(), [0, 1, 2, 3]);
}

#[test]
fn more_sources_than_the_system_takes_at_once_are_fine() {
    let _watchdog = watch("many sources");
    let (still, child) = process();
    let pairs: Vec<_> = (0..100).map(|_| sockets()).collect();
    let mut all: Vec<&dyn Waitable> = pairs.iter().map(|(ours, _)| ours as &dyn Waitable).collect();
    let copies: Vec<_> = (0..100).map(|_| still.try_clone().unwrap()).collect();
    all.extend(copies.iter().map(|copy| copy as &dyn Waitable));
    assert_eq!(wait(&all, Some(Duration::from_millis(20))).unwrap(), []);
    thread::scope(|scope| {
        scope.spawn(|| (&pairs[77].1).write_all(b"x").unwrap());
        assert_eq!(wait(&all, LONG).unwrap(), [77]);
        scope.spawn(|| drop(child));
        assert!(!wait(&all[100..], LONG).unwrap().is_empty());
    });
    let ended: Vec<usize> = (100..200).collect();
    assert_eq!(wait(&all, NOW).unwrap(), [&[77], &ended[..]].concat());
}

#[test]
fn every_transport_carries_messages_of_any_size() {
    let _watchdog = watch("transports");
    for transport in Transport::ALL {
        let (acceptor, connector) = transport.pair::<Vec<u8>, usize>().unwrap();
        let other = thread::spawn(move || {
            let mut there = connector.connect().unwrap();
            while let Ok(message) = there.recv() {
                there.send(message.len()).unwrap();
            }
        });
        let mut here = acceptor.accept().unwrap();
        for length in [0, 1, 70_000, 9 << 20] {
            here.send(vec![7; length]).unwrap();
            assert_eq!(here.recv().unwrap(), length);
        }
        assert_eq!(wait(&[&here], NOW).unwrap(), []);
        drop(here);
        other.join().unwrap();
    }
}

#[test]
fn a_listener_lets_in_who_knows_the_key_and_nobody_else() {
    let _watchdog = watch("a listener");
    let listener = Listener::bind(&Address::Tcp((Ipv4Addr::LOCALHOST, 0).into()), KEY).unwrap();
    let address = listener.address().clone();
    assert_eq!(wait(&[&listener], NOW).unwrap(), []);
    thread::scope(|scope| {
        scope.spawn(|| {
            let refused = Client::connect::<u32, u32>(&address, b"another").unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
            let mut line = Client::connect::<u32, u32>(&address, KEY).unwrap();
            line.send(20).unwrap();
            assert_eq!(line.recv().unwrap(), 21);
        });
        assert_eq!(wait(&[&listener], LONG).unwrap(), [0]);
        let refused = listener.accept::<u32, u32>().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
        let mut line = listener.accept::<u32, u32>().unwrap();
        assert_eq!(wait(&[&line], LONG).unwrap(), [0]);
        let number = line.recv().unwrap();
        line.send(number + 1).unwrap();
        assert!(matches!(line.recv(), Err(RecvError::Disconnected)));
    });
}
