//! Channels and queues as threads of one process see them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ipc::{Queue, RecvError, SendError, Shared, Untyped, channel};

const SHORT: Duration = Duration::from_millis(20);

#[test]
fn messages_arrive_whole_and_in_order_whatever_their_size() {
    let (sender, receiver) = channel::<Vec<u8>>(4).expect("a channel");
    let sizes = [0, 1, 100, 111, 112, 113, 4096, 1 << 20, 3 << 20];
    thread::scope(|scope| {
        scope.spawn(move || {
            for (index, size) in sizes.into_iter().enumerate() {
                sender.send(vec![index as u8; size]).expect("sent");
            }
        });
        for (index, size) in sizes.into_iter().enumerate() {
            assert_eq!(receiver.recv().expect("received"), vec![index as u8; size]);
        }
        assert!(matches!(receiver.recv(), Err(RecvError::Disconnected)));
    });
}

#[test]
fn a_full_queue_gives_the_value_back() {
    let queue = Queue::bounded(3).expect("a queue");
    for n in 0..3 {
        assert!(!queue.is_full());
        queue.try_put(n).expect("room");
    }
    assert!(queue.is_full());
    assert!(matches!(queue.try_put(9), Err(SendError::Full(9))));
    let before = Instant::now();
    assert!(matches!(queue.put_timeout(9, SHORT), Err(SendError::Timeout(9))));
    assert!(before.elapsed() >= SHORT);
    assert_eq!(queue.get().expect("a message"), 0);
    queue.try_put(3).expect("room again");
    queue.close();
    assert_eq!(queue.iter().collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn an_empty_queue_says_so_at_once_or_after_the_timeout() {
    let queue = Queue::<u32>::bounded(1).expect("a queue");
    let other = queue.clone();
    assert!(matches!(queue.try_get(), Err(RecvError::Empty)));
    let before = Instant::now();
    assert!(matches!(queue.get_timeout(SHORT), Err(RecvError::Timeout)));
    assert!(before.elapsed() >= SHORT);
    drop(other);
    assert!(matches!(queue.get(), Err(RecvError::Disconnected)), "the last handle is alone");
}

#[test]
fn a_getter_that_becomes_the_last_handle_wakes() {
    let queue = Queue::<u32>::bounded(1).expect("a queue");
    let other = queue.clone();
    let getter = thread::spawn(move || queue.get());
    drop(other);
    assert!(matches!(getter.join().expect("no panic"), Err(RecvError::Disconnected)));
}

#[test]
fn close_ends_waiting_on_both_sides() {
    let queue = Queue::bounded(1).expect("a queue");
    let empty = Queue::<u32>::bounded(1).expect("a queue");
    queue.put(1).expect("room");
    thread::scope(|scope| {
        let putter = scope.spawn(|| queue.put(2));
        let getter = scope.spawn(|| empty.get());
        queue.close();
        empty.close();
        assert!(matches!(putter.join().expect("no panic"), Err(SendError::Disconnected(2))));
        assert!(matches!(getter.join().expect("no panic"), Err(RecvError::Disconnected)));
    });
    assert!(matches!(queue.try_put(3), Err(SendError::Disconnected(3))));
    assert_eq!(queue.get().expect("what was put before"), 1);
}

#[test]
fn a_sender_without_receivers_is_told() {
    let (sender, receiver) = channel(1).expect("a channel");
    sender.send(1).expect("room");
    let waiting = sender.clone();
    let blocked = thread::spawn(move || waiting.send(2));
    drop(receiver);
    assert!(matches!(blocked.join().expect("no panic"), Err(SendError::Disconnected(2))));
    assert!(matches!(sender.send(3), Err(SendError::Disconnected(3))));
}

#[test]
fn split_halves_disconnect_when_the_last_sender_goes() {
    let (sender, receiver) = Queue::bounded(2).expect("a queue").split();
    sender.send("last".to_owned()).expect("room");
    let more = sender.clone();
    drop(sender);
    assert_eq!(receiver.recv().expect("a message"), "last");
    assert!(matches!(receiver.try_recv(), Err(RecvError::Empty)));
    drop(more);
    assert!(matches!(receiver.recv(), Err(RecvError::Disconnected)));
}

#[test]
fn zero_capacity_is_refused() {
    let error = Queue::<u8>::bounded(0).expect_err("no room at all");
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn handles_travel_in_messages_and_are_sent_on() {
    let (sender, receiver) = channel::<(u32, Vec<Shared<AtomicU64>>)>(2).expect("a channel");
    let (on, end) = channel::<Shared<AtomicU64>>(1).expect("a channel");
    let counter = Shared::new(AtomicU64::new(1)).expect("memory");
    sender.send((7, vec![counter.clone(), counter.clone()])).expect("sent");
    let (number, mut handles) = receiver.recv().expect("received");
    assert_eq!((number, handles.len()), (7, 2));
    on.send(handles.pop().expect("two")).expect("sent on");
    drop(handles);
    end.recv().expect("received").fetch_add(41, Ordering::Relaxed);
    assert_eq!(counter.load(Ordering::Relaxed), 42);
}

#[test]
fn a_channel_travels_through_itself() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Reply(ipc::Sender<Reply>, u32);
    let (sender, receiver) = channel::<Reply>(2).expect("a channel");
    sender.send(Reply(sender.clone(), 1)).expect("sent");
    drop(sender);
    let Reply(again, number) = receiver.recv().expect("the message keeps its channel connected");
    again.send(Reply(again.clone(), number + 1)).expect("sent");
    drop(again);
    assert_eq!(receiver.recv().expect("received").1, 2);
    assert!(matches!(receiver.recv(), Err(RecvError::Disconnected)));
}

#[test]
fn a_handle_is_refused_outside_a_message() {
    let value = Shared::new(1u64).expect("memory");
    let bytes = postcard::to_allocvec(&value);
    assert!(bytes.is_err(), "bytes alone would keep nothing alive");
}

#[test]
fn made_up_bytes_are_no_handle() {
    let (sender, receiver) = channel::<Untyped>(4).expect("a channel");
    let value = Shared::new(1u64).expect("memory");
    for name in [(0u32, 0u32), (1, 0), (u32::MAX, 7)] {
        // Without a handle in the message, and with one whose name the bytes do not give.
        sender.send_value_with((), |message, ()| message.put(&name)).expect("sent");
        let got = receiver.recv_with(|message| message.take::<Shared<u64>>());
        assert!(matches!(got, Err(RecvError::Decode(_))), "{name:?}");
        sender
            .send_value_with(&value, |message, value| {
                message.put(&name).and_then(|()| message.put(value))
            })
            .expect("sent");
        let got = receiver.recv_with(|message| message.take::<Shared<u64>>());
        assert!(matches!(got, Err(RecvError::Decode(_))), "{name:?}");
    }
}

#[test]
fn a_handle_to_another_type_is_refused_and_released() {
    let (sender, receiver) = channel::<Untyped>(1).expect("a channel");
    let value = Shared::new(1u64).expect("memory");
    sender.send_value_with(&value, |message, value| message.put(value)).expect("sent");
    let got = receiver.recv_with(|message| message.take::<Shared<i64>>());
    let Err(RecvError::Decode(error)) = got else { panic!("it is not an i64") };
    assert!(error.to_string().contains("another type"), "{error}");
}

#[test]
fn a_value_that_cannot_be_encoded_is_an_error_of_the_send() {
    struct Stubborn;
    impl serde::Serialize for Stubborn {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("will not"))
        }
    }
    let (sender, receiver) = channel::<Stubborn>(1).expect("a channel");
    let error = sender.send(Stubborn).expect_err("it will not");
    assert!(matches!(error, SendError::Encode { value: Some(_), .. }));
    assert_eq!(receiver.len(), 0);
}

#[test]
fn every_message_of_many_senders_is_received_once_by_many_receivers() {
    const SENDERS: u64 = 3;
    const EACH: u64 = 20_000;
    for capacity in [Some(1), Some(3), Some(64), None] {
        let queue = capacity.map_or_else(Queue::<u64>::unbounded, Queue::bounded).expect("a queue");
        let (sum, count) = (AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for value in queue.iter() {
                        sum.fetch_add(value, Ordering::Relaxed);
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            let senders: Vec<_> = (0..SENDERS)
                .map(|sender| {
                    let queue = &queue;
                    scope.spawn(move || {
                        for n in 0..EACH {
                            queue.put(sender * EACH + n).expect("open");
                        }
                    })
                })
                .collect();
            senders.into_iter().for_each(|sender| sender.join().expect("no panic"));
            queue.close();
        });
        let total = SENDERS * EACH;
        assert_eq!(count.into_inner(), total, "capacity {capacity:?}");
        assert_eq!(sum.into_inner(), total * (total - 1) / 2);
    }
}

#[test]
fn an_unbounded_queue_takes_what_comes() {
    let queue = Queue::<u64>::unbounded().expect("a queue");
    for n in 0..200_000 {
        queue.try_put(n).expect("never full");
    }
    assert_eq!((queue.len(), queue.is_full(), queue.capacity()), (200_000, false, None));
    queue.close();
    assert_eq!(queue.iter().sum::<u64>(), 200_000 * 199_999 / 2);
}

#[test]
fn handles_cross_threads_and_panics() {
    fn anywhere<T: Send + Sync + std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    anywhere::<ipc::Sender<std::cell::Cell<u8>>>();
    anywhere::<ipc::Receiver<std::cell::Cell<u8>>>();
    anywhere::<Queue<std::cell::Cell<u8>>>();
    anywhere::<Shared<u64>>();
}

#[test]
fn a_panic_while_encoding_keeps_no_handle() {
    struct Panics(ipc::Sender<u8>);
    impl serde::Serialize for Panics {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let _ = self.0.serialize(serializer);
            panic!("half-way")
        }
    }
    let (sender, _receiver) = channel::<Panics>(1).expect("a channel");
    let (inner, last) = channel::<u8>(1).expect("a channel");
    let send = std::panic::AssertUnwindSafe(|| sender.send(Panics(inner)));
    assert!(std::panic::catch_unwind(send).is_err());
    assert!(matches!(last.recv(), Err(RecvError::Disconnected)));
}

#[test]
fn a_thread_that_is_ending_can_still_send() {
    struct Farewell(ipc::Sender<u64>);
    impl Drop for Farewell {
        fn drop(&mut self) {
            self.0.send(5).expect("somebody listens");
        }
    }
    thread_local! {
        static FAREWELL: std::cell::RefCell<Option<(Farewell, ipc::Owned<u64>)>> =
            const { std::cell::RefCell::new(None) };
    }
    let (sender, receiver) = channel(2).expect("a channel");
    let thread = thread::spawn(move || {
        let owned = ipc::Owned::new(1).expect("memory");
        FAREWELL.set(Some((Farewell(sender.clone()), owned)));
        sender.send(4).expect("room");
    });
    thread.join().expect("no panic");
    assert_eq!((receiver.recv().expect("sent"), receiver.recv().expect("sent")), (4, 5));
}

#[test]
fn one_side_of_a_channel_is_not_received_as_the_other() {
    let (sender, receiver) = channel::<u8>(1).expect("a channel");
    let parcel = ipc::parcel::Parcel::encode(sender).expect("encoded");
    assert!(parcel.decode::<ipc::Receiver<u8>>().is_err());
    assert!(matches!(receiver.recv(), Err(RecvError::Disconnected)));
    let (here, _there) = ipc::pipe::<u8, u8>().expect("a pipe");
    let parcel = ipc::parcel::Parcel::encode(here.split().0).expect("encoded");
    assert!(parcel.decode::<ipc::RecvHalf<u8>>().is_err());
}

#[test]
fn a_large_bounded_queue_uses_memory_as_it_is_used_and_is_full_at_its_capacity() {
    let queue = Queue::<u64>::bounded(20_000_000).expect("address space");
    queue.put(1).expect("room");
    assert_eq!((queue.get().expect("sent"), queue.capacity()), (1, Some(20_000_000)));
    let queue = Queue::<u64>::bounded(3000).expect("a queue");
    for lap in 0..4 {
        for n in 0..3000 {
            queue.try_put(lap * 3000 + n).expect("room");
        }
        assert!(matches!(queue.try_put(0), Err(SendError::Full(0))) && queue.is_full());
        for n in 0..3000 {
            assert_eq!(queue.try_get().expect("a message"), lap * 3000 + n);
        }
        assert!(matches!(queue.try_get(), Err(RecvError::Empty)));
    }
}
