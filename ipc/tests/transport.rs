//! What every transport promises, between threads and between processes.

mod sys;
mod watchdog;

use std::io::ErrorKind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipc::transport::{Connector, Transport};
use ipc::{Connection, Owned, RecvError, SendError, Shared, pipe, usage, wait};
use proc_spawn::{Join, Process, Spawn, Thread};
use sys::SOCKETS_ARE_TCP;
use watchdog::watch;

proc_spawn::enable_test_support!();

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(50);
const SIZES: [usize; 10] = [0, 1, 7, 8, 1000, 12_287, 65_536, 70_000, 262_144, 1_000_001];
/// More than there is room for on any way.
const LARGE: usize = 8 << 20;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Nobody else makes or drops anything while a test counts.
fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n % 251) as u8).collect()
}

/// Both ends in this process.
fn pair<S, R>(transport: Transport) -> (Connection<S, R>, Connection<R, S>)
where
    S: Send + 'static,
    R: Send + 'static,
{
    let (acceptor, connector) = transport.pair().unwrap();
    let there = std::thread::spawn(|| connector.connect().unwrap());
    (acceptor.accept().unwrap(), there.join().unwrap())
}

fn echo(there: Connector<Vec<u8>, Vec<u8>>) {
    let mut there = there.connect().unwrap();
    while let Ok(message) = there.recv() {
        there.send(message).unwrap();
        let message = there.recv_bytes().unwrap();
        there.send_bytes(&message).unwrap();
    }
}

fn values_and_bytes_of_every_size_go_both_ways<P: Spawn>(transport: Transport) {
    let (acceptor, connector) = transport.pair().unwrap();
    let other = P::spawn(echo, connector).unwrap();
    let mut here = acceptor.accept_timeout(LONG).unwrap();
    let mut buffer = vec![0; 1_000_001];
    for size in SIZES {
        let message = bytes(size);
        here.send(message.clone()).unwrap();
        assert!(here.recv_timeout(LONG).unwrap() == message, "a value of {size} bytes");
        here.send_bytes(&message).unwrap();
        assert_eq!(here.recv_bytes_into(&mut buffer).unwrap(), size);
        assert!(buffer[..size] == message, "{size} bytes");
    }
    drop(here);
    other.join().unwrap();
}

fn what_was_sent_before_the_end_is_received_before_it<P: Spawn>(transport: Transport) {
    let (acceptor, connector) = transport.pair::<(), u64>().unwrap();
    let sending = |there: Connector<u64, ()>| {
        let mut there = there.connect().unwrap();
        (0..1000).for_each(|n| there.send(n).unwrap());
    };
    let other = P::spawn(sending, connector).unwrap();
    let mut here = acceptor.accept_timeout(LONG).unwrap();
    for n in 0..1000 {
        assert_eq!(here.recv_timeout(LONG).unwrap(), n);
    }
    assert!(matches!(here.recv_timeout(LONG), Err(RecvError::Disconnected)));
    assert!(matches!(here.try_recv(), Err(RecvError::Disconnected)));
    other.join().unwrap();
}

fn handles_travel_and_come_back<P: Spawn>(transport: Transport) {
    type Message = (Shared<AtomicU64>, Owned<[u64]>);
    let before = usage().unwrap();
    let (acceptor, connector) = transport.pair::<Message, Message>().unwrap();
    let adding = |there: Connector<Message, Message>| {
        let mut there = there.connect().unwrap();
        while let Ok((sum, mut numbers)) = there.recv() {
            sum.fetch_add(numbers.iter().sum(), Ordering::Relaxed);
            numbers[0] += 1;
            there.send((sum, numbers)).unwrap();
        }
    };
    let other = P::spawn(adding, connector).unwrap();
    let mut here = acceptor.accept_timeout(LONG).unwrap();
    let sum = Shared::new(AtomicU64::new(0)).unwrap();
    let mut numbers = Owned::<[u64]>::zeroed(1000).unwrap();
    for n in 1..100 {
        here.send((sum.clone(), numbers)).unwrap();
        numbers = here.recv_timeout(LONG).unwrap().1;
        assert_eq!((numbers[0], sum.load(Ordering::Relaxed)), (n, n * (n - 1) / 2));
    }
    drop(here);
    other.join().unwrap();
    drop((sum, numbers));
    assert_eq!(usage().unwrap(), before);
}

fn a_connector_that_goes_away_is_told_to_the_acceptor<P: Spawn>(transport: Transport) {
    let (acceptor, connector) = transport.pair::<(), u8>().unwrap();
    let other = P::spawn(|connector: Connector<u8, ()>| drop(connector), connector).unwrap();
    // A ring needs no other side to be there.
    let told = acceptor.accept_timeout(LONG).map(|mut here| here.recv_timeout(LONG));
    match told {
        Ok(Err(RecvError::Disconnected)) if transport == Transport::Ring => {}
        Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
        told => panic!("{told:?}"),
    }
    other.join().unwrap();
    let (acceptor, connector) = transport.pair::<u8, ()>().unwrap();
    drop(acceptor);
    let told = connector.connect().map(|mut there| there.recv());
    assert!(matches!(told, Err(_) | Ok(Err(RecvError::Disconnected))), "{told:?}");
}

/// Whether the other side has come or not.
fn no_side_waits_longer_than_it_is_to(transport: Transport) {
    let (acceptor, connector) = transport.pair::<(), ()>().unwrap();
    match connector.connect_timeout(SHORT) {
        Ok(_) => assert_ne!(transport, Transport::Socket),
        Err(error) => assert_eq!(error.kind(), ErrorKind::TimedOut),
    }
    drop(acceptor);
    let (acceptor, _connector) = transport.pair::<(), ()>().unwrap();
    match acceptor.accept_timeout(SHORT) {
        Ok(_) => assert_eq!(transport, Transport::Ring),
        Err(error) => assert_eq!(error.kind(), ErrorKind::TimedOut),
    }
}

fn nothing_is_there_and_nothing_comes(transport: Transport) {
    let (mut here, mut there) = pair::<u8, u8>(transport);
    assert!(matches!(here.try_recv(), Err(RecvError::Empty)));
    assert!(matches!(here.recv_timeout(SHORT), Err(RecvError::Timeout)));
    assert!(matches!(here.recv_bytes_timeout(SHORT), Err(RecvError::Timeout)));
    assert!(!here.poll(Duration::ZERO));
    assert_eq!(wait(&[&here, &there], Some(SHORT)).unwrap(), []);
    there.send(1).unwrap();
    assert_eq!(wait(&[&there, &here], Some(LONG)).unwrap(), [1]);
    assert!(here.poll(Duration::ZERO));
    assert_eq!(here.try_recv().unwrap(), 1);
    drop(there);
    assert_eq!(wait(&[&here], Some(LONG)).unwrap(), [0]);
    assert!(matches!(here.try_recv(), Err(RecvError::Disconnected)));
    is_told(&mut here, transport);
}

fn is_tcp(transport: Transport) -> bool {
    transport == Transport::Socket && SOCKETS_ARE_TCP
}

/// Who sends is told that the other end is gone: at once, but for what TCP takes before it is told.
fn is_told(here: &mut Connection<u8, u8>, transport: Transport) {
    while is_tcp(transport) && here.try_send(1).is_ok() {}
    assert!(matches!(here.try_send(2), Err(SendError::Disconnected(2))));
    assert!(matches!(here.send(3), Err(SendError::Disconnected(3))));
}

/// No wait has seen it before.
fn who_looks_or_sends_when_the_other_is_gone_is_told_at_once(transport: Transport) {
    let (mut here, there) = pair::<u8, u8>(transport);
    drop(there);
    is_told(&mut here, transport);
    let (here, there) = pair::<u8, u8>(transport);
    drop(there);
    assert_eq!(wait(&[&here], Some(Duration::ZERO)).unwrap(), [0]);
    let (mut here, mut there) = pair::<u8, u8>(transport);
    there.send(3).unwrap();
    drop(there);
    assert!(here.poll(Duration::ZERO));
    assert_eq!(here.try_recv().unwrap(), 3);
    assert!(here.poll(Duration::ZERO));
    assert!(matches!(here.try_recv(), Err(RecvError::Disconnected)));
}

fn what_does_not_fit_comes_back_and_is_not_received(transport: Transport) {
    let (mut here, mut there) = pair::<Vec<u8>, ()>(transport);
    let mut sent = 0;
    loop {
        match here.try_send(bytes(1000)) {
            Ok(()) => sent += 1,
            Err(SendError::Full(back)) => break assert!(back == bytes(1000)),
            Err(error) => panic!("{error}"),
        }
    }
    assert!(sent > 0);
    // TCP has room again once the system has moved what is on its way to the other end.
    while is_tcp(transport) && here.send_timeout(bytes(1000), SHORT).is_ok() {
        sent += 1;
    }
    assert!(matches!(here.send_timeout(bytes(1000), SHORT), Err(SendError::Timeout(_))));
    for _ in 0..sent {
        assert!(there.try_recv().unwrap() == bytes(1000));
    }
    let large = vec![3; LARGE];
    assert!(matches!(here.send_bytes_timeout(&large, SHORT), Err(SendError::Timeout(()))));
    assert!(there.recv_timeout(SHORT).is_err());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            here.send(vec![2]).unwrap();
            here.send_bytes(&large).unwrap();
        });
        assert_eq!(there.recv_timeout(LONG).unwrap(), [2]);
        assert!(there.recv_bytes_timeout(LONG).unwrap() == large);
    });
}

fn bytes_and_values_are_never_taken_for_each_other(transport: Transport) {
    let (mut here, mut there) = pair::<Vec<u8>, ()>(transport);
    here.send_bytes(&[3, 1, 2, 3]).unwrap();
    assert!(matches!(there.recv(), Err(RecvError::Decode(_))));
    here.send(vec![1, 2, 3]).unwrap();
    assert!(matches!(there.recv_bytes(), Err(RecvError::Decode(_))));
    let mut buffer = [0; 8];
    here.send_bytes(b"much too long").unwrap();
    let Err(RecvError::BufferTooShort { message }) = there.recv_bytes_into(&mut buffer) else {
        panic!("it does not fit");
    };
    assert_eq!(message, b"much too long");
    here.send_bytes(b"hello").unwrap();
    assert_eq!(there.recv_bytes_into(&mut buffer).unwrap(), 5);
    assert_eq!(&buffer[..5], b"hello");
}

fn a_message_that_is_never_received_releases_its_handles(transport: Transport) {
    let before = usage().unwrap();
    for sender_first in [true, false] {
        let (mut here, there) = pair::<Owned<[u8]>, ()>(transport);
        (0..3).for_each(|_| here.send(Owned::zeroed(10_000).unwrap()).unwrap());
        if sender_first {
            drop(here);
            drop(there);
        } else {
            drop(there);
            let told = here.send(Owned::zeroed(10_000).unwrap());
            // What is no ring shows it only when the name of the parcel goes out, which has the value by then.
            let in_time = matches!(told, Err(SendError::Disconnected(_)));
            assert!(in_time || transport != Transport::Ring && told.is_ok(), "{told:?}");
        }
    }
    assert_eq!(usage().unwrap(), before);
}

fn half_a_message_of_a_killed_sender_is_not_received(transport: Transport) {
    let (acceptor, connector) = transport.pair::<(), Vec<u8>>().unwrap();
    let sending = |there: Connector<Vec<u8>, ()>| {
        let mut there = there.connect().unwrap();
        let large = vec![2; LARGE];
        there.send(vec![1]).unwrap();
        // More than there is room for: it is in the middle of this when it is killed.
        there.send_bytes(&large).unwrap();
    };
    let child = Process::spawn(sending, connector).unwrap();
    let mut here = acceptor.accept_timeout(LONG).unwrap();
    assert!(here.poll(LONG));
    assert_eq!(here.recv().unwrap(), [1]);
    child.kill().unwrap();
    child.join().unwrap_err();
    assert!(matches!(here.recv(), Err(RecvError::Disconnected)));
}

fn a_killed_receiver_is_told_to_a_sender_in_the_middle_of_a_message(transport: Transport) {
    let (acceptor, connector) = transport.pair::<Vec<u8>, u8>().unwrap();
    let receiving = |there: Connector<u8, Vec<u8>>| {
        let mut there = there.connect().unwrap();
        there.send(1).unwrap();
        // Says nothing more and takes nothing: it is killed while it waits for what never comes.
        let (mut never, _other) = pipe::<(), ()>().unwrap();
        let _ = never.recv_timeout(LONG);
    };
    let child = Process::spawn(receiving, connector).unwrap();
    let mut here = acceptor.accept_timeout(LONG).unwrap();
    assert_eq!(here.recv_timeout(LONG).unwrap(), 1);
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| here.send_bytes(&vec![2; LARGE]));
        child.kill().unwrap();
        let told = sending.join().unwrap();
        assert!(matches!(told, Err(SendError::Disconnected(_))), "{told:?}");
    });
    child.join().unwrap_err();
    assert!(matches!(here.recv(), Err(RecvError::Disconnected)));
}

fn senders_that_are_killed_at_random_leave_whole_messages(transport: Transport) {
    let before = usage().unwrap();
    let message = |n: u8| vec![n; usize::from(n) * 10_007];
    for round in 0..10 {
        let (acceptor, connector) = transport.pair::<(), ()>().unwrap();
        let sending = |there: Connector<(), ()>| {
            let mut there = there.connect().unwrap();
            let sent =
                (0..=u8::MAX).try_for_each(|n| there.send_bytes(&vec![n; usize::from(n) * 10_007]));
            sent.unwrap();
        };
        let child = Process::spawn(sending, connector).unwrap();
        let mut here = acceptor.accept_timeout(LONG).unwrap();
        for n in 0.. {
            match here.recv_bytes_timeout(LONG) {
                Ok(received) => assert!(received == message(n), "message {n}"),
                Err(RecvError::Disconnected) => break,
                Err(error) => panic!("{error}"),
            }
            if n == 10 * round {
                child.kill().unwrap();
            }
        }
        let _ = child.join();
    }
    assert_eq!(usage().unwrap(), before);
}

fn an_end_travels_if_it_is_a_ring_and_says_why_else(transport: Transport) {
    let (mut here, mut there) = pipe::<Connection<u8, ()>, ()>().unwrap();
    let (end, mut other) = pair::<u8, ()>(transport);
    match here.send(end) {
        Ok(()) => {
            assert_eq!(transport, Transport::Ring);
            there.recv().unwrap().send(7).unwrap();
        }
        Err(SendError::Encode { value: Some(mut end), error }) => {
            assert!(error.to_string().contains("stays with the process"), "{error}");
            assert_ne!(transport, Transport::Ring);
            end.send(7).unwrap();
        }
        Err(error) => panic!("{error}"),
    }
    assert_eq!(other.recv().unwrap(), 7);
}

/// The suite for one transport.
macro_rules! suite {
    ($name:ident, $transport:expr) => {
        mod $name {
            use super::{Process, Thread, Transport};

            suite!(@each $transport, Thread Process:
                values_and_bytes_of_every_size_go_both_ways
                what_was_sent_before_the_end_is_received_before_it
                handles_travel_and_come_back
                a_connector_that_goes_away_is_told_to_the_acceptor);
            suite!(@each $transport, :
                no_side_waits_longer_than_it_is_to
                nothing_is_there_and_nothing_comes
                who_looks_or_sends_when_the_other_is_gone_is_told_at_once
                what_does_not_fit_comes_back_and_is_not_received
                bytes_and_values_are_never_taken_for_each_other
                a_message_that_is_never_received_releases_its_handles
                a_killed_receiver_is_told_to_a_sender_in_the_middle_of_a_message
                an_end_travels_if_it_is_a_ring_and_says_why_else);
        }
    };
    (@each $transport:expr, : $($test:ident)*) => {
        $(
            #[test]
            fn $test() {
                let _alone = super::alone();
                let _watchdog = super::watch(stringify!($test));
                super::$test($transport);
            }
        )*
    };
    (@each $transport:expr, Thread Process: $($test:ident)*) => {
        $(
            mod $test {
                use super::{Process, Thread, Transport};

                #[test]
                fn between_threads() {
                    let _alone = crate::alone();
                    let _watchdog = crate::watch(stringify!($test));
                    crate::$test::<Thread>($transport);
                }

                #[test]
                fn between_processes() {
                    let _alone = crate::alone();
                    let _watchdog = crate::watch(stringify!($test));
                    crate::$test::<Process>($transport);
                }
            }
        )*
    };
}

/// One test for every transport.
macro_rules! over_each {
    ($name:ident) => {
        mod $name {
            use super::{$name, Transport, alone, watch};

            #[test]
            fn over_a_ring() {
                let _alone = alone();
                let _watchdog = watch("over a ring");
                $name(Transport::Ring);
            }

            crate::sys::not_in_wine! {
                "wine keeps the socket of a process that is killed while it sends: for a real Windows, by name";
                #[test]
                fn over_a_socket() {
                    let _alone = alone();
                    let _watchdog = watch("over a socket");
                    $name(Transport::Socket);
                }
            }

            #[cfg(feature = "ipc-channel")]
            #[test]
            fn over_ipc_channel() {
                let _alone = alone();
                let _watchdog = watch("over ipc-channel");
                $name(Transport::IpcChannel);
            }
        }
    };
}

over_each!(half_a_message_of_a_killed_sender_is_not_received);
over_each!(senders_that_are_killed_at_random_leave_whole_messages);

suite!(ring, Transport::Ring);
suite!(socket, Transport::Socket);
#[cfg(feature = "ipc-channel")]
suite!(ipc_channel, Transport::IpcChannel);
