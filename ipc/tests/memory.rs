//! What handles do to the program's shared memory. Alone in its binary, because it counts everything
//! in the heap.

mod leaves_nothing;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use ipc::{Owned, Queue, Shared, Untyped, Value, channel, usage};
use leaves_nothing::{alone, leaves_nothing};
use serde::ser::{Error, SerializeTuple};
use serde::{Serialize, Serializer};
use sync_prims::process::Lock;

#[test]
fn a_value_goes_with_its_last_handle() {
    leaves_nothing(|| {
        let value = Shared::new([1u8; 3000]).expect("memory");
        let clone = value.clone();
        drop(value);
        assert_eq!(clone[2999], 1);
    });
}

#[test]
fn large_values_give_their_memory_back_and_use_it_again() {
    leaves_nothing(|| {
        // Twice, so that the second value gets the first one's memory. On a large stack, because the
        // value is made there.
        for byte in 1..=2 {
            let fill = move || {
                let array = Shared::new(Lock::new([0u8; 1 << 21])).expect("memory");
                array.lock().expect("not poisoned").fill(byte);
            };
            let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(fill);
            thread.expect("a thread").join().expect("no panic");
        }
        let (sender, receiver) = channel::<Vec<u8>>(1).expect("a channel");
        sender.send(vec![3; 1 << 21]).expect("sent");
        assert_eq!(receiver.recv().expect("received"), vec![3; 1 << 21]);
    });
}

#[test]
fn what_travelled_in_a_message_goes_with_it() {
    leaves_nothing(|| {
        let (sender, receiver) = channel::<Vec<Shared<u64>>>(8).expect("a channel");
        for n in 0..8 {
            sender.send(vec![Shared::new(n).expect("memory"); 3]).expect("sent");
        }
        assert_eq!(*receiver.recv().expect("received")[2], 0);
        // Seven messages are never delivered.
    });
}

#[test]
fn a_message_that_is_not_sent_keeps_nothing() {
    leaves_nothing(|| {
        let queue = Queue::<(Shared<u64>, Vec<u8>)>::bounded(1).expect("a queue");
        let value = Shared::new(5u64).expect("memory");
        queue.put((value.clone(), vec![0; 5000])).expect("room");
        for _ in 0..10 {
            assert!(queue.try_put((value.clone(), vec![0; 5000])).is_err());
        }
        queue.close();
        assert!(queue.put((value, Vec::new())).is_err());
    });
}

/// Some megabytes, and then something that goes wrong.
struct GoesWrong(fn() -> bool);

impl Serialize for GoesWrong {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut parts = serializer.serialize_tuple(9)?;
        (0..8).try_for_each(|_| parts.serialize_element(&"part".repeat(200_000)))?;
        if self.0() { parts.end() } else { Err(S::Error::custom("it went wrong")) }
    }
}

#[test]
fn a_large_message_that_fails_while_it_is_encoded_or_is_not_sent_keeps_nothing() {
    leaves_nothing(|| {
        let (sender, receiver) = channel::<Untyped>(1).expect("a channel");
        let send = |how| sender.try_send_value_with(GoesWrong(how), |message, it| message.put(it));
        assert!(send(|| false).is_err());
        let panicked = catch_unwind(AssertUnwindSafe(|| send(|| panic!("as asked"))));
        assert!(panicked.is_err());
        send(|| true).expect("room");
        assert!(send(|| true).is_err());
        drop(receiver);
        assert!(send(|| true).is_err());
    });
}

#[test]
fn a_failed_decode_releases_what_came_with_the_message() {
    leaves_nothing(|| {
        let (sender, receiver) = channel::<Untyped>(2).expect("a channel");
        for _ in 0..100 {
            let value = Shared::new(1u64).expect("memory");
            sender
                .send_value_with((value, 1u8), |message, value| message.put(value))
                .expect("sent");
            assert!(receiver.recv_with(|message| message.take::<Shared<u8>>()).is_err());
        }
    });
}

#[test]
fn a_queue_inside_a_queue_goes_with_it() {
    leaves_nothing(|| {
        let outer = Queue::<Queue<Shared<AtomicU64>>>::bounded(4).expect("a queue");
        for _ in 0..4 {
            let inner = Queue::bounded(4).expect("a queue");
            inner.put(Shared::new(AtomicU64::new(3)).expect("memory")).expect("room");
            outer.put(inner).expect("room");
        }
        let inner = outer.get().expect("a queue");
        assert_eq!(inner.get().expect("a counter").load(Ordering::Relaxed), 3);
    });
}

#[test]
fn a_forgotten_guard_keeps_its_lock_in_place() {
    let _one = alone();
    let before = usage().expect("a program").objects;
    let lock = Shared::new(Lock::new(1u64)).expect("memory");
    std::mem::forget(lock.lock());
    drop(lock);
    // The memory must not become something else while this thread's list of locks leads there.
    assert_eq!(usage().expect("a program").objects, before + 1);
}

#[test]
fn who_holds_many_locks_keeps_nothing_else_in_place() {
    leaves_nothing(|| {
        let locks = Shared::new([const { Lock::new(0u64) }; 100]).expect("memory");
        let _guards: Vec<_> = locks.iter().map(|lock| lock.lock().expect("not poisoned")).collect();
        let before = usage().expect("a program").objects;
        for n in 0..10 {
            drop(Shared::new(n).expect("memory"));
        }
        assert_eq!(usage().expect("a program").objects, before);

        // Not one of them is a lock's in here.
        let mut owned = Owned::new([0u64; 8]).expect("memory");
        owned[7] = 1;
        let (sender, receiver) = channel(1).expect("a channel");
        sender.send(owned).expect("sent");
        assert_eq!(receiver.recv().expect("received")[7], 1);
    });
}

#[test]
fn a_handle_that_goes_while_the_lock_is_held_by_another_is_gone_with_that() {
    leaves_nothing(|| {
        let value = Value::locked(1u64).expect("memory");
        let (sender, receiver) = channel::<Value<u64>>(1).expect("a channel");
        let again = || {
            sender.send(value.clone()).expect("sent");
            receiver.recv().expect("received")
        };
        let before = usage().expect("a program").holds;
        let (one, other) = (again(), again());
        let guard = other.lock().expect("not poisoned");
        drop(one);
        for _ in 0..100 {
            drop(again());
        }
        assert!(usage().expect("a program").holds <= before + 2);
        drop(guard);
    });
}
