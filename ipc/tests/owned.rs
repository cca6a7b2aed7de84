//! `Owned` has one owner, whatever safe code does to have two.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipc::{Owned, RecvError, SendError, Sender, Shared, Untyped, channel, usage};
use serde::{Serialize, Serializer};
use sync_prims::process::Lock;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Nobody else makes or drops anything while a test counts.
fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn it_moves_through_messages_and_is_freed_with_its_owner() {
    let _alone = alone();
    let before = usage().unwrap();
    let (sender, receiver) = channel::<(u8, Vec<Owned<[u64]>>)>(2).unwrap();
    let mut one = Owned::<[u64]>::zeroed(1000).unwrap();
    one[999] = 7;
    let two = Owned::from_slice(&[1u64, 2, 3]).unwrap();
    sender.send((9, vec![one, two])).unwrap();
    let (nine, mut owned) = receiver.recv().unwrap();
    assert_eq!((nine, owned[0][999], &owned[1][..]), (9, 7, &[1, 2, 3][..]));
    owned[1][0] = 10;
    sender.send((1, owned)).unwrap();
    let owned = receiver.recv().unwrap().1;
    assert_eq!(owned[1][0], 10);
    drop((owned, sender, receiver));
    assert_eq!(usage().unwrap(), before);
}

#[test]
fn one_in_a_message_that_is_not_delivered_is_freed() {
    let _alone = alone();
    let before = usage().unwrap();
    let (sender, receiver) = channel::<Owned<u64>>(4).unwrap();
    sender.send(Owned::new(1).unwrap()).unwrap();
    drop((sender, receiver));
    assert_eq!(usage().unwrap(), before);
}

#[test]
fn a_full_channel_gives_it_back() {
    let _alone = alone();
    let (sender, receiver) = channel::<Owned<u64>>(1).unwrap();
    sender.send(Owned::new(1).unwrap()).unwrap();
    let Err(SendError::Full(mut back)) = sender.try_send(Owned::new(2).unwrap()) else {
        panic!("there is no room");
    };
    *back += 40;
    assert_eq!(*receiver.recv().unwrap(), 1);
    sender.send(back).unwrap();
    assert_eq!(*receiver.recv().unwrap(), 42);
    drop(receiver);
    assert!(matches!(
        sender.send(Owned::new(3).unwrap()),
        Err(SendError::Disconnected(value)) if *value == 3
    ));
}

/// Encodes what it refers to, and leaves it where it is.
struct Behind<T>(T);

impl<T: std::ops::Deref<Target = Owned<u64>>> Serialize for Behind<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

fn is_kept_back<V: Serialize>(sender: &Sender<Untyped>, value: V) -> bool {
    let sent = sender.send_value_with(value, |message, value| message.put(value));
    matches!(sent, Err(SendError::Encode { value: None, .. })) && sender.is_empty()
}

#[test]
fn one_that_somebody_else_has_too_is_not_sent() {
    let _alone = alone();
    let before = usage().unwrap();
    let (sender, receiver) = channel::<Untyped>(1).unwrap();

    let shared = Arc::new(Owned::new(5u64).unwrap());
    assert!(is_kept_back(&sender, Behind(Arc::clone(&shared))));
    assert_eq!(**shared, 5, "it is still here");
    let counted = Rc::new(Owned::new(6u64).unwrap());
    assert!(is_kept_back(&sender, Behind(Rc::clone(&counted))));
    assert!(is_kept_back(&sender, Behind(&*shared)), "a reference is no move");

    // The last one of several may go.
    drop(counted.clone());
    let last = Behind(counted);
    sender.send_value_with(last, |message, value| message.put(value)).unwrap();
    let moved = receiver.recv_with(|message| message.take::<Owned<u64>>()).unwrap();
    assert_eq!(*moved, 6);
    drop((sender, receiver, shared, moved));
    assert_eq!(usage().unwrap(), before);
}

#[test]
fn one_that_its_value_keeps_on_drop_is_not_sent() {
    let _alone = alone();
    thread_local! {
        static KEPT: RefCell<Option<Owned<u64>>> = const { RefCell::new(None) };
    }
    struct Keeper(Option<Owned<u64>>);
    impl Serialize for Keeper {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.as_ref().unwrap().serialize(serializer)
        }
    }
    impl Drop for Keeper {
        fn drop(&mut self) {
            KEPT.set(self.0.take());
        }
    }
    let (sender, _receiver) = channel::<Untyped>(1).unwrap();
    assert!(is_kept_back(&sender, Keeper(Some(Owned::new(8).unwrap()))));
    assert_eq!(*KEPT.take().unwrap(), 8);
}

#[test]
fn one_that_is_forgotten_is_not_sent() {
    let _alone = alone();
    struct Forgetful(Option<Owned<u64>>);
    impl Serialize for Forgetful {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.as_ref().unwrap().serialize(serializer)
        }
    }
    impl Drop for Forgetful {
        fn drop(&mut self) {
            std::mem::forget(self.0.take());
        }
    }
    let (sender, _receiver) = channel::<Untyped>(1).unwrap();
    assert!(is_kept_back(&sender, Forgetful(Some(Owned::new(8).unwrap()))));
}

#[test]
fn one_in_a_value_whose_drop_panics_is_freed() {
    struct Panics(Owned<[u8]>);

    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("as it is wanted");
        }
    }

    let _alone = alone();
    let before = usage().unwrap();
    let (sender, receiver) = channel::<Untyped>(1).unwrap();
    let value = Panics(Owned::zeroed(1000).unwrap());
    let sent = std::panic::catch_unwind(|| {
        sender.send_value_with(value, |encoder, Panics(owned)| encoder.put(owned))
    });
    assert!(sent.is_err());
    assert!(receiver.try_recv_with(|_| Ok(())).is_err(), "nothing was sent");
    drop((sender, receiver));
    assert_eq!(usage().unwrap(), before);
}

#[test]
fn one_that_is_encoded_twice_is_not_sent() {
    let _alone = alone();
    struct Twice(Owned<u64>);
    impl Serialize for Twice {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            (&self.0, &self.0).serialize(serializer)
        }
    }
    let (sender, _receiver) = channel::<Untyped>(1).unwrap();
    let twice = Twice(Owned::new(8).unwrap());
    let sent = sender.send_value_with(twice, |message, value| message.put(value));
    assert!(
        matches!(sent, Err(SendError::Encode { value: Some(Twice(owned)), .. }) if *owned == 8)
    );
}

#[test]
fn a_shared_value_cannot_be_received_as_owned() {
    let _alone = alone();
    let (sender, receiver) = channel::<Untyped>(1).unwrap();
    let shared = Shared::new(3u64).unwrap();
    sender.send_value_with(shared.clone(), |message, value| message.put(value)).unwrap();
    let got = receiver.recv_with(|message| message.take::<Owned<u64>>());
    assert!(matches!(got, Err(RecvError::Decode(_))));
    assert_eq!(*shared, 3);
}

#[test]
fn a_frozen_one_is_shared() {
    let _alone = alone();
    let shared: Shared<[u64]> = Owned::from_slice(&[4u64, 5]).unwrap().freeze();
    let same = shared.clone();
    assert_eq!(&same[..], &[4, 5]);
    drop(shared);
    assert_eq!(same.len(), 2);
}

#[test]
fn one_with_a_forgotten_guard_stays_where_it_is() {
    let _alone = alone();
    let mut owned = Owned::new(Lock::new([0u64; 8])).unwrap();
    std::mem::forget(owned.lock());
    let (sender, _receiver) = channel(1).unwrap();
    let Err(SendError::Encode { value: Some(back), error }) = sender.send(owned) else {
        panic!("the lock is held by this process");
    };
    assert!(error.to_string().contains("forgotten"), "{error}");
    owned = back;
    let moved =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| *owned = Lock::new([1; 8])));
    assert!(moved.is_err(), "the thread's list of held locks leads there");
}

#[test]
fn a_send_that_fails_passes_the_room_on() {
    let _alone = alone();
    let (sender, receiver) = channel::<Untyped>(1).unwrap();
    let put = |sender: &Sender<Untyped>, n: u64| {
        sender.send_value_with(n, |message, n| message.put(n)).unwrap();
    };
    for _ in 0..50 {
        put(&sender, 0);
        let kept = Arc::new(Owned::new(1u64).unwrap());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let value = Behind(Arc::clone(&kept));
                sender.send_value_with(value, |message, value| message.put(value)).unwrap_err();
            });
            scope.spawn(|| put(&sender, 7));
            let take = || receiver.recv_with(|message| message.take::<u64>()).unwrap();
            assert_eq!((take(), take()), (0, 7));
        });
    }
}
