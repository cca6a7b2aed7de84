//! Others at the other end than a stream of ours.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use proptest::prelude::{ProptestConfig, any, proptest};
use sync_prims::Deadline;

use super::super::descriptor::AsDescriptor;
use super::super::object::random;
use super::super::readiness::readable;
use super::super::sleep::until_any;
use super::door::name;
use super::end::End;
use super::stream::{PipeStream, ROOM, SHARE, WINDOW, called};
use super::{Door, Lookout, user};
use crate::{Address, Client, Listener};

const KEY: &[u8] = b"correct horse battery staple";
const LONG: Option<Duration> = Some(Duration::from_secs(30));
/// Of numbers and a challenge there are so many bytes.
const NUMBER: usize = size_of::<u128>();

fn path() -> PathBuf {
    format!("tandem-{:x}", random().unwrap()).into()
}

fn listen() -> (Listener, String) {
    let path = path();
    let name = name(&path).unwrap();
    (Listener::bind(&Address::Unix(path), KEY).unwrap(), name)
}

fn is_served(listener: &Listener) -> bool {
    let address = listener.address().clone();
    let client = thread::spawn(move || Client::connect::<(), ()>(&address, KEY).map(drop));
    // Those before it may be refused.
    let mut served = listener.accept::<(), ()>();
    while served.as_ref().is_err_and(|error| error.kind() == ErrorKind::PermissionDenied) {
        served = listener.accept();
    }
    client.join().unwrap().is_ok() && served.is_ok()
}

/// Lets the listener take up who has come.
fn let_in(listener: &Listener) -> ErrorKind {
    listener.accept_timeout::<(), ()>(Duration::ZERO).unwrap_err().kind()
}

/// The pipes of the stream that the listener has made for who has opened its door.
fn called_there(door: &End) -> [String; 2] {
    let mut number = [0; NUMBER];
    assert_eq!(door.read(&mut number).unwrap(), NUMBER);
    called(u128::from_le_bytes(number))
}

#[test]
fn those_who_say_nothing_hinder_nobody_whenever_they_leave() {
    let (listener, name) = listen();
    // This one leaves before it is let in.
    drop(End::open(&name).unwrap());
    assert!(is_served(&listener));
    let come = || {
        let door = End::open(&name).unwrap();
        assert_eq!(let_in(&listener), ErrorKind::TimedOut);
        door
    };
    let silent: Vec<End> = (0..20).map(|_| come()).collect();
    // This one has opened one pipe of two, and this one both.
    let (half, whole) = (come(), come());
    let first = End::open(&called_there(&half)[0]).unwrap();
    let both = called_there(&whole).map(|name| End::open(&name).unwrap());
    drop(whole);
    assert!(is_served(&listener));
    assert_eq!(let_in(&listener), ErrorKind::TimedOut);
    drop((silent, half));
    assert_eq!(let_in(&listener), ErrorKind::TimedOut);
    // It has been given up.
    assert!(first.write(&[0]).is_err());
    drop(both);
    // None of them was a client.
    assert_eq!(let_in(&listener), ErrorKind::TimedOut);
    assert!(is_served(&listener));
}

#[test]
fn those_who_are_too_slow_are_refused() {
    let (mut listener, name) = listen();
    listener.set_handshake_timeout(Duration::from_millis(20));
    let _slow = End::open(&name).unwrap();
    assert_eq!(listener.accept::<(), ()>().unwrap_err().kind(), ErrorKind::PermissionDenied);
    listener.set_handshake_timeout(Duration::from_secs(10));
    assert!(is_served(&listener));
}

#[test]
fn who_talks_at_the_door_is_as_good_as_gone() {
    let (listener, name) = listen();
    let door = End::open(&name).unwrap();
    assert_eq!(let_in(&listener), ErrorKind::TimedOut);
    door.write(b"tandem/1").unwrap();
    assert_eq!(let_in(&listener), ErrorKind::TimedOut);
    assert!(door.write(b"x").is_err());
    assert!(is_served(&listener));
}

/// A stream, and the two pipes at the other end of it, which nobody looks after.
fn stream() -> (PipeStream, [End; 2]) {
    let [name, _] = called(random().unwrap());
    let ours = End::create(&name, ROOM, true).unwrap();
    let door = End::open(&name).unwrap();
    let stream = PipeStream::to_client(Arc::new(ours)).unwrap();
    let theirs = called_there(&door).map(|name| End::open(&name).unwrap());
    drop(door);
    assert_eq!(stream.recv(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    (stream, theirs)
}

#[test]
fn a_receipt_for_what_was_not_sent_is_an_end() {
    let (stream, [receives, _sends]) = stream();
    receives.write(&[0]).unwrap();
    assert_eq!(stream.send(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn who_gives_receipts_and_does_not_read_is_written_to_no_longer() {
    let (stream, [receives, _sends]) = stream();
    let mut sent = 0;
    let error = loop {
        match stream.send(&[7; SHARE]) {
            Ok(some) => sent += some,
            Err(error) if error.kind() == ErrorKind::WouldBlock => receives.write(&[0]).unwrap(),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    assert!((WINDOW..=2 * ROOM).contains(&sent), "{sent}");
}

#[test]
fn a_listener_that_gives_no_number_is_none() {
    let path = path();
    let name = name(&path).unwrap();
    for bytes in [&[1; NUMBER - 1][..], &[1; NUMBER]] {
        let ours = Arc::new(End::create(&name, ROOM, true).unwrap());
        let there = Address::Unix(path.clone());
        let client = thread::spawn(move || Client::connect::<(), ()>(&there, KEY).map(drop));
        let mut lookout = Lookout::new().unwrap();
        lookout.for_client(&ours);
        until_any(&[lookout.told()], Deadline::never()).unwrap();
        ours.write(bytes).unwrap();
        drop((lookout, ours));
        // It does not wait for more.
        assert_ne!(client.join().unwrap().unwrap_err().kind(), ErrorKind::TimedOut);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]
    /// Random bytes, or the beginning of a good answer, truncated or oversized.
    #[test]
    fn hostile_bytes_instead_of_a_handshake_are_refused(
        good in any::<bool>(),
        bytes in proptest::collection::vec(any::<u8>(), 1..200),
    ) {
        let (listener, name) = listen();
        let door = End::open(&name).unwrap();
        assert_eq!(let_in(&listener), ErrorKind::TimedOut);
        let [receives, sends] = called_there(&door).map(|name| End::open(&name).unwrap());
        drop(door);
        if good {
            sends.write(b"tandem/1").unwrap();
        }
        sends.write(&bytes).unwrap();
        drop(sends);
        let refused = listener.accept::<(), ()>().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
        // A challenge, and a refusal at most, which is all zeros: nothing made with the key.
        let mut heard = vec![0; 200];
        let length = receives.read(&mut heard).unwrap();
        assert_eq!((length - 40) % 33, 0);
        assert!(heard[40..].iter().all(|byte| *byte == 0));
        assert!(is_served(&listener));
    }
}

#[test]
fn a_path_is_its_users_alone() {
    let path = path();
    let _door = Door::new(&path).unwrap();
    let end = End::open(&name(&path).unwrap()).unwrap();
    let user = user::ours().unwrap();
    assert_eq!(user::of(end.as_handle()).unwrap(), user);
    let rights = user::rights(end.as_handle()).unwrap();
    let [all, all_of_a_file] = ["GA", "FA"].map(|what| format!("D:P(A;;{what};;;{user})"));
    assert!(rights == all || rights == all_of_a_file, "{rights}");
}

/// Only who may give things away to the administrators can try.
#[test]
fn what_another_user_has_at_a_path_is_neither_connected_to_nor_joined() {
    let path = path();
    let name = name(&path).unwrap();
    let administrators = "S-1-5-32-544";
    let Ok(ours) = End::create_for(administrators, &name, ROOM, false) else { return };
    assert_eq!(user::of(ours.as_handle()).unwrap(), administrators);
    let address = Address::Unix(path);
    let refused = Client::connect::<(), ()>(&address, KEY).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    let refused = Listener::bind(&address, KEY).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AddrInUse);
}

#[test]
fn what_is_left_of_a_dead_listener_does_not_keep_the_next_away() {
    let path = path();
    let name = name(&path).unwrap();
    let dead = End::create(&name, ROOM, false).unwrap();
    // Its client has not heard of it yet.
    let _client = End::open(&name).unwrap();
    drop(dead);
    let listener = Listener::bind(&Address::Unix(path), KEY).unwrap();
    assert!(is_served(&listener));
}

#[test]
fn a_client_that_finds_all_pipes_taken_waits_for_the_next() {
    let path = path();
    let door = Door::new(&path).unwrap();
    let _taken = End::open(&name(&path).unwrap()).unwrap();
    let late = super::connect(&path, Duration::from_millis(20)).unwrap_err();
    assert_eq!(late.kind(), ErrorKind::TimedOut);
    thread::scope(|scope| {
        let client = scope.spawn(|| super::connect(&path, Duration::from_secs(30)));
        drop(door.accept().unwrap());
        assert!(readable(&[door.descriptor()], LONG).unwrap()[0]);
        let _stream = door.accept().unwrap();
        client.join().unwrap().unwrap();
    });
}
