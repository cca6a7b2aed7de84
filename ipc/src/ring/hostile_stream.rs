//! Streams in which somebody wrote who had no business there.

use std::sync::OnceLock;

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_oneof, proptest};

use super::spsc::Flow;
use super::stream::{CAPACITY as BYTES, Stream};
use crate::heap::hostile::{watched, word};
use crate::heap::{Contents, Heap, Kind, NewProcess, ObjectId, Owner, ProcessId, Role};

const CAPACITY: usize = BYTES as usize;
/// Where in the block the words lie that the two sides share.
const FLOW: u64 = 8;
const TAIL: u64 = 192;
const HEAD: u64 = 256;

fn heap() -> (&'static Heap, ProcessId) {
    static HEAP: OnceLock<(Heap, ProcessId)> = OnceLock::new();
    let (heap, me) = HEAP.get_or_init(|| {
        let heap = Heap::create().expect("a heap");
        let me = heap.reserve(NewProcess { parent: None, name: "me" }).expect("a place");
        (heap, me)
    });
    (heap, *me)
}

/// A stream, and where in the heap it lies.
fn stream() -> (ObjectId, u64) {
    let (heap, me) = heap();
    let contents = Contents { kind: Kind::Stream, fingerprint: 0, length: 0 };
    let size = Stream::size().expect("room");
    let new = heap.allocate(size, contents, Owner::Process(me), Role::Plain, me).expect("memory");
    Stream::init(heap, new.object, new.zeroed).expect("a stream");
    (new.object, heap.block(new.object, 1).expect("a block").offset)
}

fn ends(object: ObjectId) -> (Stream, Stream) {
    let (heap, _) = heap();
    let ends = (Stream::sender(heap, object), Stream::receiver(heap, object));
    (ends.0.expect("a stream"), ends.1.expect("a stream"))
}

#[test]
fn a_position_that_makes_no_sense_is_an_error_each_time() {
    let (heap, _) = heap();
    let (object, at) = stream();
    for wrong in [BYTES + 8, 2 * BYTES, 1 << 63, u64::MAX] {
        let (mut sender, mut receiver) = ends(object);
        sender.write(0, b"12345678");
        heap.poke(at + HEAD, wrong);
        heap.poke(at + TAIL, wrong);
        for _ in 0..3 {
            assert!(sender.has_room(CAPACITY - 16).is_err(), "{wrong:#x}");
            assert!(receiver.next().is_err(), "{wrong:#x}");
        }
        heap.poke(at + HEAD, 16);
        heap.poke(at + TAIL, 0);
        assert!(sender.has_room(CAPACITY - 16).expect("it makes sense again"));
        assert_eq!(receiver.next().expect("it makes sense again"), None);
        heap.poke(at + HEAD, 0);
    }
}

#[test]
fn a_stream_that_is_at_the_end_of_all_positions_is_refused() {
    let (heap, _) = heap();
    let (object, at) = stream();
    for end in [u64::MAX, u64::MAX - 8, 1 << 63] {
        heap.poke(at + HEAD, end);
        heap.poke(at + TAIL, end);
        assert!(Stream::sender(heap, object).is_err());
        assert!(Stream::receiver(heap, object).is_err());
    }
}

#[test]
fn a_stream_of_another_capacity_is_refused() {
    let (heap, _) = heap();
    let (object, at) = stream();
    for capacity in [0, 1, 4, 8, 16, CAPACITY as u64 / 2, 1 << 39, 1 << 63] {
        heap.poke(at, capacity);
        assert!(Stream::sender(heap, object).is_err(), "{capacity}");
    }
}

#[test]
fn a_receiver_that_is_said_to_do_what_nobody_does_can_be_freed() {
    watched(|| {
        let (heap, _) = heap();
        let (object, at) = stream();
        let (_, receiver) = ends(object);
        heap.poke(at + FLOW, 77);
        assert_eq!(receiver.free_flow(), Flow::Deadlocked);
        assert_eq!(receiver.flow(), Flow::Free);
    });
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Header(u64, u64),
    Position(u64, i64),
    Bytes(u64, u64),
    Write(u32, usize),
    Read(bool),
    Room(usize),
    Flow,
    View,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..48u64, word()).prop_map(|(at, value)| Step::Header(at * 8, value)),
        (prop_oneof![Just(HEAD), Just(TAIL)], -20..20i64)
            .prop_map(|(at, by)| Step::Position(at, by)),
        (0..CAPACITY as u64 / 8, word()).prop_map(|(at, value)| Step::Bytes(384 + at * 8, value)),
        (0..20u64, word()).prop_map(|(at, value)| Step::Bytes(384 + at * 8, value)),
        (0..16u32, prop_oneof![0..100usize, 0..65537usize])
            .prop_map(|(flags, len)| Step::Write(flags, len)),
        prop_oneof![Just(Step::Read(false)), Just(Step::Read(true))],
        (0..2 * CAPACITY).prop_map(Step::Room),
        Just(Step::Flow),
        Just(Step::View),
    ]
}

fn carry_out(steps: &[Step]) {
    let (heap, me) = heap();
    let (object, at) = stream();
    let (mut sender, mut receiver) = ends(object);
    for step in steps {
        match *step {
            Step::Header(word, value) => heap.poke(at + word, value),
            Step::Position(word, by) => {
                heap.poke(at + word, heap.peek(at + word).wrapping_add_signed(by));
            }
            Step::Bytes(word, value) => heap.poke(at + word, value),
            Step::Write(flags, len) => {
                let len = len.min(sender.largest_chunk());
                if matches!(sender.has_room(len), Ok(true)) {
                    sender.write(flags, &vec![7; len]);
                }
            }
            Step::Read(whole) => {
                if let Ok(Some(chunk)) = receiver.next() {
                    assert!(chunk.len as usize <= CAPACITY);
                    let mut place = vec![0; chunk.len as usize];
                    if whole {
                        receiver.read_into(chunk, &mut place);
                    } else {
                        receiver.read(chunk, &mut place);
                    }
                }
                receiver.tell_of_room();
            }
            Step::Room(len) => {
                let _ = (sender.has_room_for_all(len), sender.has_at_most(len % 100));
            }
            Step::Flow => {
                let _ = (sender.flow(), receiver.free_flow(), receiver.is_empty());
                sender.tell(Flow::Blocked, Flow::Asked);
            }
            Step::View => {
                sender = Stream::sender(heap, object).unwrap_or(sender);
                receiver = Stream::receiver(heap, object).unwrap_or(receiver);
            }
        }
    }
    for (hold, object) in heap.holds_of(Owner::Process(me)) {
        if heap.block(object, 1).is_ok_and(|block| block.offset == at) {
            heap.release(hold, Owner::Process(me), me);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_stream_with_any_words_in_it_harms_nobody(steps in vec(step(), 1..60)) {
        watched(move || carry_out(&steps));
    }
}
