//! Many senders and many receivers.

use loom::sync::Arc;
use loom::thread::{self, JoinHandle};

use crate::heap::{Heap, ObjectId, ProcessId};
use crate::ring::{INLINE, Payload, Place, Pop, Push, Ring, repair};
use crate::{check, check_less, until};

fn try_send(ring: &Ring<'_>, number: u64) -> Push {
    ring.push(1, Payload::Inline(&number.to_ne_bytes()))
}

/// Whether the message went in; if not, the ring is closed.
fn send(ring: &Ring<'_>, number: u64) -> bool {
    until(ring.not_full(), || match try_send(ring, number) {
        Push::Done => Some(true),
        Push::Closed => Some(false),
        Push::Full => None,
    })
}

/// `Err`: there is none, and perhaps one on its way.
fn try_receive(ring: &Ring<'_>) -> Result<u64, bool> {
    let mut buffer = [0; INLINE];
    match ring.pop(2, &mut buffer, || {}, |_| {}) {
        Pop::Inline(len) => Ok(u64::from_ne_bytes(buffer[..len].try_into().expect("a number"))),
        Pop::Parcel(_) => unreachable!("a parcel"),
        Pop::Empty { pending } => Err(pending),
    }
}

fn receive(ring: &Ring<'_>) -> u64 {
    until(ring.not_empty(), || try_receive(ring).ok())
}

fn spawn<T: 'static>(
    place: &Arc<Place>,
    body: impl FnOnce(&Ring<'_>) -> T + 'static,
) -> JoinHandle<T> {
    let place = Arc::clone(place);
    thread::spawn(move || body(&place.ring()))
}

fn join<const N: usize>(threads: [JoinHandle<()>; N]) {
    for thread in threads {
        thread.join().unwrap();
    }
}

fn sorted<const N: usize>(mut numbers: [u64; N]) -> [u64; N] {
    numbers.sort_unstable();
    numbers
}

#[test]
fn what_two_send_arrives_once_and_whole() {
    check(|| {
        let place = Arc::new(Place::dense(2));
        let senders = [1, 2].map(|number| spawn(&place, move |ring| assert!(send(ring, number))));
        let ring = place.ring();
        assert_eq!(sorted([receive(&ring), receive(&ring)]), [1, 2]);
        join(senders);
        assert_eq!(try_receive(&ring), Err(false));
    });
}

#[test]
fn two_who_wait_get_a_message_each() {
    check_less(2, || {
        let place = Arc::new(Place::dense(2));
        let receivers = [(); 2].map(|()| spawn(&place, |ring| receive(ring)));
        let ring = place.ring();
        assert!(send(&ring, 1) && send(&ring, 2));
        assert_eq!(sorted(receivers.map(|receiver| receiver.join().unwrap())), [1, 2]);
    });
}

#[test]
fn two_senders_wake_two_receivers() {
    check_less(2, || {
        let place = Arc::new(Place::dense(2));
        let sender = spawn(&place, |ring| assert!(send(ring, 1)));
        let receiver = spawn(&place, |ring| receive(ring));
        let ring = place.ring();
        assert!(send(&ring, 2));
        let first = receive(&ring);
        assert_eq!(sorted([first, receiver.join().unwrap()]), [1, 2]);
        sender.join().unwrap();
    });
}

#[test]
fn who_waits_for_room_gets_it_and_keeps_the_order() {
    check(|| {
        let place = Arc::new(Place::dense(1));
        let sender = spawn(&place, |ring| assert!((1..=3).all(|number| send(ring, number))));
        let ring = place.ring();
        assert_eq!([(); 3].map(|()| receive(&ring)), [1, 2, 3]);
        sender.join().unwrap();
    });
}

#[test]
fn two_who_wait_for_room_get_it() {
    check_less(2, || {
        let place = Arc::new(Place::dense(1));
        let ring = place.ring();
        assert!(send(&ring, 1));
        let senders = [2, 3].map(|number| spawn(&place, move |ring| assert!(send(ring, number))));
        assert_eq!(receive(&ring), 1);
        assert_eq!(sorted([receive(&ring), receive(&ring)]), [2, 3]);
        join(senders);
    });
}

#[test]
fn a_wake_for_a_message_that_is_not_the_next_is_passed_on() {
    check_less(2, || {
        let place = Arc::new(Place::dense(2));
        let receivers = [(); 2].map(|()| spawn(&place, |ring| receive(ring)));
        let sender = spawn(&place, |ring| assert!(send(ring, 1)));
        // To let others go first is no interruption.
        thread::yield_now();
        assert!(send(&place.ring(), 2));
        assert_eq!(sorted(receivers.map(|receiver| receiver.join().unwrap())), [1, 2]);
        sender.join().unwrap();
    });
}

#[test]
fn a_wake_for_room_that_is_not_the_next_is_passed_on() {
    check_less(2, || {
        let place = Arc::new(Place::dense(2));
        let ring = place.ring();
        assert!(send(&ring, 1) && send(&ring, 2));
        let senders = [3, 4].map(|number| spawn(&place, move |ring| assert!(send(ring, number))));
        let receiver = spawn(&place, |ring| receive(ring));
        thread::yield_now();
        let first = receive(&ring);
        assert_eq!(sorted([first, receiver.join().unwrap()]), [1, 2]);
        join(senders);
        assert_eq!(sorted([receive(&ring), receive(&ring)]), [3, 4]);
    });
}

#[test]
fn what_went_in_before_the_close_comes_out_after_it() {
    check(|| {
        let place = Arc::new(Place::dense(2));
        let ring = place.ring();
        // The word of the very first slot is zero, for which a sender looks at more.
        assert!(send(&ring, 0));
        assert_eq!(receive(&ring), 0);
        let sender = spawn(&place, |ring| send(ring, 1));
        ring.close();
        // As an endpoint has it: what is on its way is waited for.
        let received = until(ring.not_empty(), || match try_receive(&ring) {
            Ok(number) => Some(Some(number)),
            Err(true) => None,
            Err(false) => Some(None),
        });
        assert_eq!(sender.join().unwrap(), received.is_some());
        assert_eq!(try_receive(&ring), Err(false));
    });
}

#[test]
fn pages_that_are_given_back_lose_no_message() {
    check(|| {
        let place = Arc::new(Place::given_back(8));
        let ring = place.ring();
        assert!(send(&ring, 1));
        assert_eq!(receive(&ring), 1);
        // It may have seen the tail long before it comes to the slot, whose page is gone by then.
        let sender = spawn(&place, |ring| assert!(send(ring, 2)));
        let mut received: Vec<u64> = (3..=5)
            .map(|number| {
                assert!(send(&ring, number));
                receive(&ring)
            })
            .collect();
        sender.join().unwrap();
        received.push(receive(&ring));
        received.sort_unstable();
        assert_eq!(received, [2, 3, 4, 5]);
        assert_eq!(try_receive(&ring), Err(false));
    });
}

/// What the dead one worked on is repaired while others want it.
fn repaired(was_full: bool) {
    check(move || {
        const DEAD: ProcessId = ProcessId(7);
        let place = Arc::new(Place::left_by(DEAD.0, was_full));
        let sender = spawn(&place, |ring| assert!(send(ring, 1)));
        let heap = Heap { place: Some(Arc::clone(&place)) };
        let sweep = thread::spawn(move || repair(&heap, ObjectId, DEAD, ProcessId(3)));
        assert_eq!(receive(&place.ring()), 1);
        sender.join().unwrap();
        sweep.join().unwrap();
    });
}

#[test]
fn who_waits_for_a_slot_that_a_dead_sender_had_gets_it() {
    repaired(false);
}

#[test]
fn who_waits_for_a_slot_that_a_dead_receiver_had_gets_it() {
    repaired(true);
}
