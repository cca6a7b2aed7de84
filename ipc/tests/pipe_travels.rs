//! What travels through pipes, and pipes that travel.

mod watchdog;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipc::{Connection, Owned, RecvError, Shared, pipe, usage};
use proc_spawn::Process;
use watchdog::watch;

proc_spawn::enable_test_support!();

const SHORT: Duration = Duration::from_millis(20);

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Nobody else makes or drops anything while a test counts.
fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

fn echo(mut connection: Connection<Vec<u8>, Vec<u8>>) {
    while let Ok(message) = connection.recv() {
        connection.send(message).unwrap();
    }
}

#[test]
fn handles_and_owned_values_travel() {
    let _alone = alone();
    let _watchdog = watch("handles");
    let before = usage().unwrap();
    let (mut here, mut there) = pipe::<(Shared<AtomicU64>, Owned<[u8]>), ()>().unwrap();
    let counter = Shared::new(AtomicU64::new(1)).unwrap();
    here.send((counter.clone(), Owned::zeroed(1 << 20).unwrap())).unwrap();
    here.send((counter.clone(), Owned::zeroed(10).unwrap())).unwrap();
    let (same, owned) = there.recv().unwrap();
    same.fetch_add(1, Ordering::Relaxed);
    assert_eq!((counter.load(Ordering::Relaxed), owned.len()), (2, 1 << 20));
    drop((here, there, same, owned, counter));
    assert_eq!(usage().unwrap(), before, "the second message was never received");
}

type WithHandle = (Vec<u8>, Shared<AtomicU64>);

fn count(mut connection: Connection<(), WithHandle>) -> usize {
    let (bytes, counter) = connection.recv().unwrap();
    counter.fetch_add(1, Ordering::Relaxed);
    bytes.len()
}

#[test]
fn an_end_at_which_a_message_was_seen_to_have_come_travels_with_it() {
    let _alone = alone();
    let _watchdog = watch("a message that was seen");
    for size in [0, 5, 300_000] {
        let (mut here, there) = pipe::<Vec<u8>, Vec<u8>>().unwrap();
        let message = vec![7; size];
        here.send(message.clone()).unwrap();
        assert_eq!(ipc::wait(&[&there], None).unwrap(), [0]);
        let child = Process::spawn(echo, there).unwrap();
        assert!(here.recv().unwrap() == message, "{size} bytes");
        drop(here);
        child.join().unwrap();
    }
    let before = usage().unwrap();
    let counter = Shared::new(AtomicU64::new(1)).unwrap();
    for received in [true, false] {
        let (mut here, mut there) = pipe::<WithHandle, ()>().unwrap();
        here.send((vec![7; 9], counter.clone())).unwrap();
        assert!(there.poll(SHORT));
        // The handle is good though its sender is gone.
        drop(here);
        if received {
            assert_eq!(Process::spawn(count, there).unwrap().join().unwrap(), 9);
        } else {
            let (sender, _receiver) = ipc::channel(1).unwrap();
            sender.send(there).unwrap();
        }
    }
    assert_eq!(counter.load(Ordering::Relaxed), 2);
    drop(counter);
    assert_eq!(usage().unwrap(), before, "one was never received");
}

#[test]
fn an_end_to_which_a_part_of_a_message_has_come_travels_with_it() {
    let _alone = alone();
    let _watchdog = watch("a part of a message");
    let (mut here, mut there) = pipe::<Vec<u8>, Vec<u8>>().unwrap();
    // Several chunks, all of them on their way: without time one of them is taken out.
    let message: Vec<u8> = (0..300_000).map(|n: u32| (n / 1000) as u8).collect();
    here.send(message.clone()).unwrap();
    assert!(matches!(there.recv_timeout(Duration::ZERO), Err(RecvError::Timeout)));
    let child = Process::spawn(echo, there).unwrap();
    assert!(here.recv().unwrap() == message);
    drop(here);
    child.join().unwrap();
}

#[test]
fn an_end_travels_through_another_pipe() {
    let _alone = alone();
    let (mut here, mut there) = pipe::<Connection<u8, u8>, ()>().unwrap();
    let (mut inner, end) = pipe::<u8, u8>().unwrap();
    inner.send(4).unwrap();
    here.send(end).unwrap();
    drop(here);
    let mut end = there.recv().unwrap();
    assert_eq!(end.recv().unwrap(), 4);
    end.send(5).unwrap();
    assert_eq!(inner.recv().unwrap(), 5);
}
