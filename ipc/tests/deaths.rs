//! What is left when a process dies: nothing that anybody waits for. Counts everything in the heap,
//! so the tests run one at a time.

mod watchdog;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use ipc::{Queue, Receiver, RecvError, SendError, Sender, Shared, Untyped, channel, usage};
use proc_spawn::Process;
use serde::ser::SerializeTuple;
use serde::{Serialize, Serializer};
use sync_prims::PoisonCause;
use sync_prims::process::{Event, Lock};
use watchdog::{Watchdog, watch};

proc_spawn::enable_test_support!();

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone(what: &'static str) -> (MutexGuard<'static, ()>, Watchdog) {
    (ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner), watch(what))
}

fn forever() {
    loop {
        thread::park();
    }
}

#[test]
fn what_a_killed_process_held_is_freed() {
    let _alone = alone("freeing");
    let before = usage().unwrap();
    fn hold(ready: Shared<Event>, _queue: Queue<Shared<u64>>) {
        let _mine: Vec<_> = (0..100).map(|n| Shared::new(n).unwrap()).collect();
        let inner = Queue::bounded(4).unwrap();
        inner.put(Shared::new(1u64).unwrap()).unwrap();
        ready.set();
        forever();
    }
    let ready = Shared::new(Event::new()).unwrap();
    let queue = Queue::bounded(4).unwrap();
    queue.put(Shared::new(5u64).unwrap()).unwrap();
    let child = Process::spawn(hold, (ready.clone(), queue.clone())).unwrap();
    ready.wait();
    assert!(usage().unwrap().objects > before.objects + 100);
    child.kill().unwrap();
    child.join().unwrap_err();
    drop((ready, queue));
    assert_eq!(usage().unwrap(), before);
}

#[test]
fn a_large_message_goes_with_the_process_that_was_killed_while_it_wrote_it() {
    let _alone = alone("half a message");
    let before = usage().unwrap();
    struct Half(Shared<Event>);
    impl Serialize for Half {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut parts = serializer.serialize_tuple(2)?;
            parts.serialize_element(&"half".repeat(1 << 20))?;
            self.0.set();
            forever();
            parts.end()
        }
    }
    fn send_half(sender: Sender<Untyped>, begun: Shared<Event>) {
        sender.send_value_with(Half(begun), |message, half| message.put(half)).unwrap();
    }
    let begun = Shared::new(Event::new()).unwrap();
    let (sender, receiver) = channel(1).unwrap();
    let child = Process::spawn(send_half, (sender, begun.clone())).unwrap();
    begun.wait();
    assert!(usage().unwrap().bytes > before.bytes + (4 << 20));
    child.kill().unwrap();
    assert!(matches!(receiver.recv_with(|_| Ok(())), Err(RecvError::Disconnected)));
    child.join().unwrap_err();
    drop((receiver, begun));
    assert_eq!(usage().unwrap(), before);
}

#[test]
fn a_child_that_is_killed_before_it_arrives_leaves_nothing() {
    let _alone = alone("an early end");
    let before = usage().unwrap();
    for _ in 0..20 {
        let value = Shared::new([7u8; 300]).unwrap();
        let child = Process::spawn(|_: Shared<[u8; 300]>| forever(), value).unwrap();
        child.kill().unwrap();
        child.join().unwrap_err();
    }
    assert_eq!(usage().unwrap(), before);
}

#[test]
fn a_receiver_is_told_when_the_last_sender_was_killed_and_not_before() {
    let _alone = alone("the last sender");
    fn send_two(sender: Sender<u64>) {
        sender.send(1).unwrap();
        sender.send(2).unwrap();
        forever();
    }
    let (sender, receiver) = channel(8).unwrap();
    let children = [sender.clone(), sender].map(|sender| Process::spawn(send_two, sender).unwrap());
    let mut sum = 0;
    for _ in 0..4 {
        sum += receiver.recv().unwrap();
    }
    assert_eq!(sum, 6);
    let [first, second] = children;
    first.kill().unwrap();
    first.join().unwrap_err();
    assert!(matches!(receiver.try_recv(), Err(RecvError::Empty)), "one can still send");
    let waiting = thread::spawn(move || receiver.recv());
    second.kill().unwrap();
    assert!(matches!(waiting.join().unwrap(), Err(RecvError::Disconnected)));
    second.join().unwrap_err();
}

#[test]
fn a_sender_is_told_when_the_last_receiver_was_killed() {
    let _alone = alone("the last receiver");
    let (sender, receiver) = channel(1).unwrap();
    let child = Process::spawn(|_: Receiver<u64>| forever(), receiver).unwrap();
    sender.send(1).unwrap();
    let waiting = thread::spawn(move || sender.send(2));
    child.kill().unwrap();
    assert!(matches!(waiting.join().unwrap(), Err(SendError::Disconnected(2))));
    child.join().unwrap_err();
}

#[test]
fn what_was_put_stays_when_its_sender_exits_the_next_instant() {
    let _alone = alone("a quick exit");
    fn put_and_go(queue: Queue<Vec<u8>>) {
        queue.put(vec![3; 100_000]).unwrap();
        std::process::exit(0);
    }
    let queue = Queue::bounded(4).unwrap();
    let child = Process::spawn(put_and_go, queue.clone()).unwrap();
    child.wait();
    assert_eq!(queue.get().unwrap(), vec![3; 100_000]);
}

#[test]
fn a_handle_can_be_taken_after_its_sender_is_dead() {
    let _alone = alone("a legacy");
    fn bequeath(queue: Queue<Shared<AtomicU64>>) {
        queue.put(Shared::new(AtomicU64::new(42)).unwrap()).unwrap();
        std::process::abort();
    }
    let queue = Queue::bounded(1).unwrap();
    let child = Process::spawn(bequeath, queue.clone()).unwrap();
    child.join().unwrap_err();
    assert_eq!(queue.get().unwrap().load(Ordering::Relaxed), 42);
}

#[test]
fn a_killed_holder_is_reported_to_the_next_locker() {
    let _alone = alone("a lock's owner");
    fn hold(lock: Shared<Lock<u64>>, held: Shared<Event>) {
        let mut guard = lock.lock().unwrap();
        *guard = 1;
        held.set();
        forever();
    }
    let lock = Shared::new(Lock::new(0)).unwrap();
    let held = Shared::new(Event::new()).unwrap();
    let child = Process::spawn(hold, (lock.clone(), held.clone())).unwrap();
    held.wait();
    let id = child.id();
    child.kill().unwrap();
    let poisoned = lock.lock().unwrap_err();
    assert_eq!(poisoned.cause(), PoisonCause::OwnerDied { pid: id });
    let mut guard = poisoned.recover();
    assert_eq!(*guard, 1);
    *guard = 2;
    drop(guard);
    assert_eq!(*lock.lock().expect("recovered"), 2);
    child.join().unwrap_err();
}

#[test]
fn a_lone_putter_is_told_that_nobody_will_get_it() {
    let _alone = alone("a lone putter");
    fn put_on_and_on(queue: Queue<u32>) -> u32 {
        (0..).find(|n| queue.put(*n).is_err()).unwrap()
    }
    let queue = Queue::bounded(4).unwrap();
    let child = Process::spawn(put_on_and_on, queue.clone()).unwrap();
    queue.get().unwrap();
    drop(queue);
    assert!(child.join().unwrap() >= 4);
}

#[test]
fn a_request_that_nobody_will_take_is_given_up_and_its_asker_told() {
    let _alone = alone("an undelivered request");
    let before = usage().unwrap();
    fn serve(_requests: Receiver<(u32, Sender<u32>)>) {
        forever();
    }
    let (sender, requests) = channel(8).unwrap();
    let server = Process::spawn(serve, requests).unwrap();
    let (reply, answer) = channel::<u32>(1).unwrap();
    sender.send((1, reply)).unwrap();
    server.kill().unwrap();
    assert!(matches!(answer.recv(), Err(RecvError::Disconnected)));
    server.join().unwrap_err();
    drop(answer);
    let (reply, answer) = channel::<u32>(1).unwrap();
    assert!(matches!(sender.send((2, reply)), Err(SendError::Disconnected(_))));
    assert!(matches!(answer.recv(), Err(RecvError::Disconnected)));
    drop((sender, answer));
    assert_eq!(usage().unwrap(), before);
}

#[test]
fn workers_that_are_killed_take_no_more_than_one_message_each_with_them() {
    const MESSAGES: u64 = 1000;
    let _alone = alone("workers");
    fn double(numbers: Queue<u64>, doubled: Queue<u64>) {
        numbers.iter().for_each(|number| doubled.put(2 * number).unwrap());
    }
    let numbers = Queue::bounded(16).unwrap();
    let doubled = Queue::bounded(MESSAGES as usize).unwrap();
    let start = || Process::spawn(double, (numbers.clone(), doubled.clone())).unwrap();
    let mut workers = vec![start(), start(), start()];
    let mut kills = 0;
    for number in 1..=MESSAGES {
        numbers.put(number).unwrap();
        if number % 200 == 0 {
            let worker = workers.remove(0);
            worker.kill().unwrap();
            worker.join().unwrap_err();
            workers.push(start());
            kills += 1;
        }
    }
    numbers.close();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    let mut results: Vec<u64> = std::iter::from_fn(|| doubled.try_get().ok()).collect();
    let received = results.len() as u64;
    results.sort_unstable();
    results.dedup();
    assert_eq!(results.len() as u64, received, "none twice");
    assert!(results.iter().all(|number| number % 2 == 0 && *number <= 2 * MESSAGES));
    assert!(received >= MESSAGES - kills, "{received} of {MESSAGES}");
}
