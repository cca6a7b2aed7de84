//! Processes of a program, where a child is this binary started anew.
#![cfg(windows)]

mod children;
mod watchdog;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use children::{LONG, Role, arguments, stay};
use ipc::rendezvous::{self, Refusal};
use ipc::{Connection, Owned, Queue, Receiver, RecvError, Sender, Shared, channel, pipe, usage};
use sync_prims::process::{Lock, Semaphore};
use sync_prims::{PoisonCause, TryLockError};
use watchdog::watch;

/// The tests count what the program has.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

macro_rules! alone {
    ($what:literal) => {
        let _one = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let _watchdog = watch($what);
    };
}

type Work = (Shared<AtomicU64>, Receiver<Vec<u64>>, Sender<(u64, Owned<[u64]>)>);

#[test]
#[ignore = "the role of a child"]
fn worker() {
    let (sum, work, results): Work = arguments();
    for numbers in work.iter() {
        let number: u64 = numbers.iter().sum();
        // Relaxed: the messages are the order.
        sum.fetch_add(number, Ordering::Relaxed);
        results.send((number, Owned::from_slice(&numbers).unwrap())).unwrap();
    }
}

#[test]
fn a_child_takes_its_arguments_and_messages_and_handles_go_both_ways() {
    alone!("a worker");
    let sum = Shared::new(AtomicU64::new(0)).unwrap();
    let (send_work, work) = channel(4).unwrap();
    let (send_results, results) = channel::<(u64, Owned<[u64]>)>(4).unwrap();
    let worker = Role::start("worker", (sum.clone(), work, send_results));
    let mut expected = 0;
    for length in [1, 10, 100, 10_000, 1_000_000u64] {
        let numbers: Vec<u64> = (0..length).collect();
        send_work.send(numbers.clone()).unwrap();
        let (number, owned) = results.recv_timeout(LONG).unwrap();
        assert_eq!(number, length * (length - 1) / 2);
        assert_eq!(owned[..], numbers);
        expected += number;
    }
    drop(send_work);
    assert!(matches!(results.recv_timeout(LONG), Err(RecvError::Disconnected)));
    worker.join();
    assert!(worker.guest.greeted() && worker.guest.refusal().is_none());
    assert_eq!(sum.load(Ordering::Relaxed), expected);
}

#[test]
#[ignore = "the role of a child"]
fn holder() {
    let (lock, semaphore, ready): (Shared<Lock<u64>>, Shared<Semaphore>, Sender<()>) = arguments();
    let mut guard = lock.lock().unwrap();
    let _permit = semaphore.acquire();
    *guard += 1;
    ready.send(()).unwrap();
    stay();
}

#[test]
fn what_a_killed_child_held_is_passed_on_and_released() {
    alone!("a holder");
    let before = usage().unwrap();
    {
        let lock = Shared::new(Lock::new(7u64)).unwrap();
        let semaphore = Shared::new(Semaphore::new(1)).unwrap();
        let (ready, told) = channel::<()>(1).unwrap();
        let mut holder = Role::start("holder", (lock.clone(), semaphore.clone(), ready));
        told.recv_timeout(LONG).unwrap();
        assert!(lock.try_lock().is_err() && semaphore.try_acquire().is_none());
        let pid = holder.process.id();
        holder.kill();
        // Its sender is gone, too.
        assert!(matches!(told.recv_timeout(LONG), Err(RecvError::Disconnected)));
        match lock.lock_timeout(LONG) {
            Err(TryLockError::Poisoned(poisoned)) => {
                assert_eq!(poisoned.cause(), PoisonCause::OwnerDied { pid });
                assert_eq!(*poisoned.into_inner(), 8);
            }
            other => panic!("its owner died, and not {other:?}"),
        }
        assert!(semaphore.acquire_timeout(LONG).is_some());
    }
    let after = usage().unwrap();
    assert_eq!(after.objects, before.objects);
    // The orphan of another test may have been about to go.
    assert!(after.processes <= before.processes);
}

#[test]
fn a_wait_of_this_process_ends_with_the_child_that_it_is_for() {
    alone!("a wait for a lock");
    let lock = Shared::new(Lock::new(7u64)).unwrap();
    let semaphore = Shared::new(Semaphore::new(2)).unwrap();
    let (ready, told) = channel::<()>(1).unwrap();
    let mut holder = Role::start("holder", (lock.clone(), semaphore, ready));
    told.recv_timeout(LONG).unwrap();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| lock.lock().map(drop).is_err());
        let receiver = scope.spawn(|| told.recv());
        holder.kill();
        assert!(waiter.join().unwrap(), "it is told of the death");
        assert!(matches!(receiver.join().unwrap(), Err(RecvError::Disconnected)));
    });
}

#[test]
#[ignore = "the role of a child"]
fn echo() {
    let mut connection: Connection<Vec<u8>, Vec<u8>> = arguments();
    while let Ok(message) = connection.recv() {
        connection.send(message).unwrap();
    }
}

#[test]
fn large_and_small_messages_stream_through_a_pipe() {
    alone!("an echo");
    let (mut ours, theirs) = pipe::<Vec<u8>, Vec<u8>>().unwrap();
    let mut child = Role::start("echo", theirs);
    for length in [0, 1, 1000, 70_000, 5 << 20] {
        let message: Vec<u8> = (0..length).map(|at: usize| at as u8).collect();
        ours.send_timeout(message.clone(), LONG).unwrap();
        assert_eq!(ours.recv_timeout(LONG).unwrap(), message);
    }
    child.kill();
    assert!(matches!(ours.recv_timeout(LONG), Err(RecvError::Disconnected)));
}

#[test]
#[ignore = "the role of a child"]
fn doubler() {
    let (numbers, doubled): (Queue<u64>, Queue<u64>) = arguments();
    for number in numbers.iter() {
        doubled.put(2 * number).unwrap();
    }
}

#[test]
fn children_that_are_killed_take_no_more_than_one_message_each_with_them() {
    alone!("some doublers");
    const MESSAGES: u64 = 2000;
    let numbers = Queue::<u64>::bounded(16).unwrap();
    let doubled = Queue::<u64>::bounded(4096).unwrap();
    let start = || Role::start("doubler", (numbers.clone(), doubled.clone()));
    let mut children: Vec<Role> = (0..3).map(|_| start()).collect();
    let mut kills = 0;
    for number in 1..=MESSAGES {
        numbers.put_timeout(number, LONG).unwrap();
        if number % 250 == 0 {
            children.remove(0).kill();
            children.push(start());
            kills += 1;
        }
    }
    numbers.close();
    children.iter().for_each(Role::join);
    let mut results = Vec::new();
    while let Ok(number) = doubled.try_get() {
        results.push(number);
    }
    results.sort_unstable();
    results.dedup();
    assert!(results.iter().all(|number| number % 2 == 0 && *number <= 2 * MESSAGES));
    assert!(results.len() as u64 >= MESSAGES - kills, "{} of {MESSAGES}", results.len());
}

#[test]
#[ignore = "the role of a child"]
fn parent() {
    let (alive, ended): (Sender<u32>, Sender<String>) = arguments();
    let _child = Role::start("orphan", (alive, ended));
    stay();
}

#[test]
#[ignore = "the role of a child"]
fn orphan() {
    let (alive, ended): (Sender<u32>, Sender<String>) = arguments();
    let (tell, told) = std::sync::mpsc::channel();
    rendezvous::on_parent_end(Box::new(move || tell.send(()).unwrap())).unwrap();
    alive.send(std::process::id()).unwrap();
    told.recv().unwrap();
    ended.send("my parent has ended".to_owned()).unwrap();
}

#[test]
fn a_child_is_told_of_its_parents_end() {
    alone!("a family");
    let (alive, orphan_lives) = channel::<u32>(1).unwrap();
    let (ended, told) = channel::<String>(1).unwrap();
    let mut parent = Role::start("parent", (alive, ended));
    orphan_lives.recv_timeout(LONG).unwrap();
    parent.kill();
    assert_eq!(told.recv_timeout(LONG).unwrap(), "my parent has ended");
    assert!(matches!(told.recv_timeout(LONG), Err(RecvError::Disconnected)));
}

#[test]
#[ignore = "the role of a child"]
fn one_that_refuses() {
    rendezvous::refuse(&Refusal::ThreadsExist { count: 7 });
}

#[test]
#[ignore = "the role of a child"]
fn one_that_does_not_join() {
    assert!(rendezvous::arrived());
}

#[test]
fn a_child_that_does_not_join_is_told_from_one_that_refuses() {
    alone!("two that do not join");
    let before = usage().unwrap();
    let silent = Role::start("one_that_does_not_join", ());
    silent.join();
    assert!(!silent.guest.greeted() && silent.guest.refusal().is_none());
    let loud = Role::start("one_that_refuses", ());
    loud.join();
    assert_eq!(loud.guest.refusal(), Some(Refusal::ThreadsExist { count: 7 }));
    let after = usage().unwrap();
    assert_eq!(after.objects, before.objects);
    // The orphan of another test may have been about to go.
    assert!(after.processes <= before.processes);
}

#[test]
#[ignore = "the role of a child"]
fn idler() {
    let ready: Sender<()> = arguments();
    ready.send(()).unwrap();
    stay();
}

#[test]
fn the_ends_of_many_children_are_noticed() {
    alone!("many children");
    let before = usage().unwrap().processes;
    let (ready, told) = channel::<()>(100).unwrap();
    let mut children: Vec<Role> = (0..20).map(|_| Role::start("idler", ready.clone())).collect();
    drop(ready);
    (0..children.len()).for_each(|_| told.recv_timeout(LONG).unwrap());
    children.iter_mut().rev().for_each(Role::kill);
    assert!(matches!(told.recv_timeout(LONG), Err(RecvError::Disconnected)));
    assert!(usage().unwrap().processes <= before);
}
