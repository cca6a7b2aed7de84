//! What becomes of a ring when a word has no room for more tickets.

use super::layout::Ring;
use super::mpmc::{Pop, Push};
use super::primitive::Ordering;
use super::slot::{INLINE, Payload, State, TICKETS, Word};
use crate::heap::{Contents, Heap, Kind, NewProcess, Owner, Role};

/// Calls `test` with an empty ring as after all messages but three.
fn near_the_end(capacity: usize, test: impl FnOnce(&Ring<'_>)) {
    let heap = Heap::create().expect("a heap");
    let me = heap.reserve(NewProcess { parent: None, name: "me" }).expect("a place");
    let size = Ring::size(&heap, Some(capacity), false).expect("room");
    let contents = Contents { kind: Kind::Ring, fingerprint: 0, length: 0 };
    let new = heap.allocate(size, contents, Owner::Process(me), Role::Both, me).expect("memory");
    let ring = Ring::init(&heap, new.object, Some(capacity), false, new.zeroed).expect("a ring");
    let lap = ring.slots.len() as u64;
    let first = TICKETS - (lap - ring.capacity) - 3;
    ring.header.tail.store(first, Ordering::Relaxed);
    ring.header.head.store(first, Ordering::Relaxed);
    for ticket in first..first + lap {
        let slot = &ring.slots[(ticket % lap) as usize];
        slot.commit(Word::new(ticket, State::Empty, 0));
    }
    test(&ring);
}

fn push(ring: &Ring<'_>, n: u8) -> Push {
    ring.push(0, Payload::Inline(&[n]))
}

fn pop(ring: &Ring<'_>) -> Option<u8> {
    let mut buffer = [0; INLINE];
    match ring.pop(0, &mut buffer, || {}, |_| {}) {
        Pop::Inline(1) => Some(buffer[0]),
        Pop::Empty { pending: false } => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_is_closed_and_not_full_for_ever() {
    for capacity in [1, 2, 3, 4, 5, 8] {
        for by_a_look in [false, true] {
            near_the_end(capacity, |ring| {
                for n in 0..3 {
                    assert!(ring.has_room() && !ring.is_closed());
                    assert_eq!(push(ring, n), Push::Done);
                    assert_eq!(pop(ring), Some(n));
                }
                if by_a_look {
                    assert!(!ring.has_room());
                } else {
                    assert_eq!(push(ring, 3), Push::Closed);
                }
                assert!(ring.is_closed());
                assert_eq!(push(ring, 3), Push::Closed);
                assert_eq!(pop(ring), None);
            });
        }
    }
}

#[test]
fn what_was_let_in_is_taken_out() {
    near_the_end(4, |ring| {
        assert_eq!(
            [0, 1, 2, 3].map(|n| push(ring, n)),
            [Push::Done, Push::Done, Push::Done, Push::Closed]
        );
        assert_eq!([(); 4].map(|()| pop(ring)), [Some(0), Some(1), Some(2), None]);
    });
}
