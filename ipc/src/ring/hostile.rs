//! Rings in which somebody wrote who had no business there.

use std::sync::atomic::Ordering;

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};

use super::layout::Ring;
use super::mpmc::{Peek, Pop, Push};
use super::slot::{INLINE, Payload, State, TICKETS, Word};
use crate::heap::hostile::{beside, watched};
use crate::heap::{
    Block, Contents, Heap, HoldId, Kind, NewProcess, ObjectId, Owner, ProcessId, Role,
};

fn heap() -> (Heap, ProcessId) {
    let heap = Heap::create().expect("a heap");
    let me = heap.reserve(NewProcess { parent: None, name: "me" }).expect("a place");
    (heap, me)
}

fn ring(heap: &Heap, me: ProcessId, capacity: Option<usize>) -> (Ring<'_>, ObjectId) {
    let size = Ring::size(heap, capacity, false).expect("room");
    let contents = Contents { kind: Kind::Ring, fingerprint: 0, length: 0 };
    let new = heap.allocate(size, contents, Owner::Process(me), Role::Both, me).expect("memory");
    let ring = Ring::init(heap, new.object, capacity, false, new.zeroed).expect("a ring");
    (ring, new.object)
}

fn push(ring: &Ring<'_>) -> Push {
    ring.push(0, Payload::Inline(b"message"))
}

fn pop(ring: &Ring<'_>) -> Pop {
    ring.pop(0, &mut [0; INLINE], || {}, |_| {})
}

#[test]
fn a_slot_that_is_far_ahead_is_passed_in_one_step() {
    watched(|| {
        let (heap, me) = heap();
        let (ring, _) = ring(&heap, me, Some(1));
        for state in [State::Empty, State::Writing, State::Full, State::Reading] {
            let word = Word::new(TICKETS - 1, state, 0);
            ring.slots[0].word.store(word.pack(), Ordering::Relaxed);
            ring.header.head.store(0, Ordering::Relaxed);
            ring.header.tail.store(0, Ordering::Relaxed);
            assert_eq!(ring.peek() == Peek::There, state == State::Full);
            assert_eq!(ring.has_room(), state == State::Empty);
            pop(&ring);
            push(&ring);
            assert!(ring.len() <= 1);
        }
    });
}

#[test]
fn a_hint_that_is_no_ticket_makes_a_ring_closed_and_empty() {
    watched(|| {
        let (heap, me) = heap();
        for capacity in [Some(1), Some(5), Some(8192), None] {
            for hint in [TICKETS, TICKETS + 1, 1 << 63, u64::MAX - 1, u64::MAX] {
                let (ring, object) = ring(&heap, me, capacity);
                assert_eq!(push(&ring), Push::Done);
                ring.header.head.store(hint, Ordering::Relaxed);
                ring.header.tail.store(hint, Ordering::Relaxed);
                assert_eq!((ring.has_room(), push(&ring)), (false, Push::Closed), "{object:?}");
                assert_eq!(ring.peek(), Peek::Empty);
                assert_eq!(pop(&ring), Pop::Empty { pending: false });
            }
        }
    });
}

#[test]
fn a_sparse_ring_makes_no_memory_for_tickets_that_a_head_lies_about() {
    watched(|| {
        let (heap, me) = heap();
        for head in [1 << 20, TICKETS - 1, u64::MAX] {
            let (ring, _) = ring(&heap, me, None);
            ring.header.head.store(head, Ordering::Relaxed);
            push(&ring);
            let touched = ring.touched().expect("a file");
            assert!(touched.iter().map(|slots| slots.len()).sum::<usize>() <= 128, "{touched:?}");
        }
    });
}

#[test]
fn a_header_whose_ring_would_give_back_what_is_not_its_own_is_refused() {
    let (heap, me) = heap();
    let (_, object) = ring(&heap, me, Some(64));
    let offset = heap.block(object, 1).expect("a block").offset;
    // As a ring with four slots that gives chunks of them back.
    for (at, value) in [(0, 1), (8, 4), (24, 2)] {
        heap.poke(offset + at, value);
    }
    assert!(Ring::view(&heap, object).is_err());
}

/// What a word becomes: anything, or what looks right.
fn word() -> impl Strategy<Value = u64> {
    let looks_right = (0..200u64, 0..4u64, 0..4u64)
        .prop_map(|(ticket, state, owner)| ticket << 20 | state << 18 | owner);
    prop_oneof![
        any::<u64>(),
        looks_right,
        0..200u64,
        Just(0),
        Just(u64::MAX),
        (0..64u32).prop_map(|bit| 1 << bit),
        (TICKETS - 3..TICKETS).prop_map(|ticket| ticket << 20 | 2 << 18),
    ]
}

/// One step of somebody's: writes a word into the header or a slot, or does what a user does.
#[derive(Debug, Clone, Copy)]
enum Step {
    Header(u64, u64),
    Slot(u64, u64),
    Push,
    PushParcel(u32, u32),
    Pop,
    Look,
    Close,
    View,
    Repair,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..384 / 8u64, word()).prop_map(|(at, value)| Step::Header(at, value)),
        (0..64 * 16u64, word()).prop_map(|(at, value)| Step::Slot(at, value)),
        (0..64u64, word()).prop_map(|(slot, value)| Step::Slot(slot * 16, value)),
        Just(Step::Push),
        (any::<u32>(), 0..3u32).prop_map(|(index, more)| Step::PushParcel(index, more)),
        Just(Step::Pop),
        Just(Step::Look),
        Just(Step::Close),
        Just(Step::View),
        Just(Step::Repair),
    ]
}

fn carry_out(heap: &Heap, me: ProcessId, capacity: Option<usize>, steps: &[Step]) {
    let (mut ring, object) = ring(heap, me, capacity);
    let Block { offset, size, .. } = heap.block(object, 1).expect("a block");
    let first = if capacity.is_some_and(|capacity| capacity <= 1024) { 384 } else { 4096 };
    for step in steps {
        match *step {
            Step::Header(at, value) => heap.poke(offset + at * 8, value),
            Step::Slot(at, value) => heap.poke(offset + (first + at * 8) % (size - 8), value),
            Step::Push => drop(push(&ring)),
            Step::PushParcel(index, generation) => {
                let _ = ring.push(me.slot(), Payload::Parcel(HoldId { index, generation }));
            }
            Step::Pop => {
                let answer_for = |parcel| heap.set_handler(parcel, me);
                let popped = ring.pop(me.slot(), &mut [0; INLINE], || {}, answer_for);
                assert!(!matches!(popped, Pop::Inline(len) if len > INLINE));
                if let Pop::Parcel(parcel) = popped {
                    heap.release(parcel, Owner::Object(object), me);
                }
            }
            Step::Look => {
                let (_, _, len) = (ring.peek(), ring.has_room(), ring.len());
                assert!(len <= ring.slots.len());
                ring.wake_all();
            }
            Step::Close => ring.close(),
            Step::View => ring = Ring::view(heap, object).unwrap_or(ring),
            Step::Repair => super::repair(heap, object, me, me),
        }
    }
    heap.release(heap.first_hold(Owner::Process(me)).expect("the ring's"), Owner::Process(me), me);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_ring_with_any_words_in_it_harms_nobody(
        capacity in prop_oneof![
            (1..40usize).prop_map(Some),
            Just(Some(3000)),
            Just(None),
        ],
        steps in vec(step(), 1..60),
    ) {
        watched(move || {
            let (heap, me) = heap();
            carry_out(&heap, me, capacity, &steps);
        });
    }

    #[test]
    fn a_ring_that_is_written_to_meanwhile_harms_nobody(
        header in vec((0..48u64, word()), 0..10),
        slots in vec((0..8u64, 0..2u64, word()), 1..20),
    ) {
        watched(move || {
            let (heap, me) = heap();
            let (ring, object) = ring(&heap, me, Some(8));
            let offset = heap.block(object, 1).expect("a block").offset;
            let poke = || {
                header.iter().for_each(|(at, value)| heap.poke(offset + at * 8, *value));
                for (slot, word, value) in &slots {
                    heap.poke(offset + 384 + slot * 128 + word * 8, *value);
                }
            };
            beside(poke, || {
                for _ in 0..2000 {
                    push(&ring);
                    assert!(!matches!(pop(&ring), Pop::Inline(len) if len > INLINE));
                    let _ = (ring.peek(), ring.has_room(), ring.len());
                }
            });
        });
    }
}
