//! Queues, streams and messages in which somebody wrote who had no business there.

use std::collections::HashMap;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sync_prims::Deadline;

use crate::endpoint::Endpoint;
use crate::entry::{self, Entry};
use crate::heap::hostile::{watched, word};
use crate::heap::{ObjectId, Owner, Role};
use crate::message::Parcel;
use crate::program::Program;
use crate::sleep::Patience;
use crate::transport::{BYTES, PARCEL, Receiving, RingRecv, RingSend, Sending, VALUE, name_of};
use crate::transport::{parcel_named, stream};
use crate::{Connection, Owned, Queue, Sender, ShareableList, Shared, SharedMemory, channel, pipe};

const NOW: Patience = Patience::None;

fn soon() -> Patience {
    Patience::Until(Deadline::after(Duration::ZERO))
}

type Message = (Vec<u8>, Vec<Shared<u64>>, Option<Owned<[u64]>>, Option<Sender<u8>>);

/// A message with so many bytes and some handles.
fn message(len: usize, handles: u8) -> Message {
    let shared = (0..handles % 3).map(|n| Shared::new(u64::from(n)).expect("memory")).collect();
    let owned = (handles & 4 != 0).then(|| Owned::<[u64]>::zeroed(9).expect("memory"));
    let sender = (handles & 8 != 0).then(|| channel(1).expect("memory").0);
    (vec![7; len], shared, owned, sender)
}

/// Writes a word into the block of an object, if it is there and as large.
fn poke(object: ObjectId, at: u64, value: u64) {
    let heap = &Program::current().expect("a program").heap;
    if let Ok(block) = heap.block(object, 8)
        && at + 8 <= block.size
    {
        heap.poke(block.offset + at, value);
    }
}

/// Writes a word into a message that is under way in `carrier`.
fn poke_parcel(carrier: ObjectId, which: usize, at: u64, value: u64) {
    let heap = &Program::current().expect("a program").heap;
    let parcels = heap.holds_of(Owner::Object(carrier));
    let parcel = parcels.get(which % parcels.len().max(1));
    parcel.into_iter().for_each(|(_, parcel)| poke(*parcel, at, value));
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Word(u64, u64),
    Parcel(usize, u64, u64),
    Send(usize, u8),
    Receive(bool),
    Finish,
    Clone,
    Look,
}

fn step() -> impl Strategy<Value = Step> {
    // Headers; the first words of a stream, and of the slots of a ring, small or not, behind the cells of
    // its tasks; anything.
    let in_slot = (prop_oneof![Just(4144u64), Just(4608)], 0..4u64, 0..3u64);
    let in_slot = in_slot.prop_map(|(slots, slot, word)| slots + slot * 16 + word);
    let place = prop_oneof![0..48u64, Just(48u64), 48..56u64, in_slot, 0..6000u64];
    prop_oneof![
        2 => (place, word()).prop_map(|(at, value)| Step::Word(at * 8, value)),
        1 => (any::<usize>(), 0..16u64, word())
            .prop_map(|(which, at, value)| Step::Parcel(which, at * 8, value)),
        2 => (prop_oneof![0..100usize, 0..5000usize], any::<u8>())
            .prop_map(|(len, handles)| Step::Send(len, handles)),
        3 => any::<bool>().prop_map(Step::Receive),
        1 => Just(Step::Finish),
        1 => Just(Step::Clone),
        1 => Just(Step::Look),
    ]
}

fn use_queue(capacity: Option<usize>, steps: &[Step]) {
    let mut ends = vec![Endpoint::create::<Message>(capacity, Role::Both).expect("a queue")];
    let object = ends[0].object();
    for step in steps {
        let end = ends.last().expect("there is one");
        match *step {
            Step::Word(at, value) => poke(object, at, value),
            Step::Parcel(which, at, value) => poke_parcel(object, which, at, value),
            Step::Send(len, handles) => drop(end.send(message(len, handles), NOW)),
            Step::Receive(wait) => {
                drop(end.recv::<Message>(if wait { soon() } else { NOW }));
            }
            Step::Finish => drop(end.finish_task()),
            Step::Clone => {
                let another = end.with_role(Role::Both).expect("memory");
                let clone = end.clone();
                ends.push(clone);
                ends.push(another);
                ends.remove(0);
            }
            Step::Look => {
                let _ = (end.ring().len(), end.wait_for_tasks(Deadline::after(Duration::ZERO)));
            }
        }
    }
}

fn use_stream(steps: &[Step]) {
    let program = Program::current().expect("a program");
    let (send, recv) = stream(program, 0).expect("a stream");
    let object = send.object();
    let mut send = RingSend::new(send).expect("a stream");
    let mut recv = RingRecv::new(recv).expect("a stream");
    for step in steps {
        match *step {
            Step::Word(at, value) => poke(object, at, value),
            Step::Parcel(which, at, value) => poke_parcel(object, which, at, value),
            Step::Send(len, handles) if handles & 1 == 0 => {
                let kind = [BYTES, VALUE, PARCEL, 0][usize::from(handles / 2 % 4)];
                drop(send.send(
                    kind,
                    &vec![7; len * 9],
                    if handles & 4 == 0 { NOW } else { soon() },
                ));
            }
            Step::Send(len, handles) => {
                let parcel = Parcel::encode(message(len, handles)).expect("memory").into_hold();
                let (mine, inside) = (Owner::Process(program.me), Owner::Object(object));
                program.heap.move_hold(parcel.id(), mine, inside);
                drop(send.send(PARCEL, &name_of(parcel.id()), NOW));
                parcel.forget();
            }
            Step::Receive(wait) => {
                let kind = recv.recv(None, if wait { soon() } else { NOW }, &mut None);
                let message = std::mem::take(recv.message());
                if matches!(kind, Ok(PARCEL))
                    && let Ok(parcel) = parcel_named(&message, recv.carrier())
                {
                    drop(parcel.decode::<Message>());
                }
            }
            Step::Finish => drop(recv.poll(soon())),
            Step::Clone => drop(send.wait_for_room(8, NOW)),
            Step::Look => drop(recv.collected()),
        }
    }
}

/// Encodes a value, writes into the message, and decodes it.
fn decode<T: Serialize + DeserializeOwned>(value: T, words: &HashMap<u64, u64>) -> Option<T> {
    let hold = Parcel::encode(value).expect("memory").into_hold();
    words.iter().for_each(|(at, value)| poke(hold.object(), *at, *value));
    Parcel::from_hold(hold).decode().ok()
}

fn use_messages(words: &HashMap<u64, u64>) {
    drop(decode(message(5, 15), words));
    let end: Connection<u8, u8> = pipe().expect("memory").0;
    drop(decode(end, words).map(|mut end| end.try_recv()));
    let queue = Queue::<u8>::bounded(3).expect("memory");
    drop(decode(queue, words).map(|queue| (queue.try_put(1), queue.try_get())));
    let memory = SharedMemory::create(100).expect("memory");
    let same = SharedMemory::attach(memory.name()).expect("it is there");
    drop(decode(same, words));
    let list = ShareableList::create([1, 2]).expect("memory");
    let same = ShareableList::attach(list.name()).expect("it is there");
    drop(decode(same, words).map(|list| list.get(1)));
    let name = entry::name::<Function>().expect("in the program");
    let _ = decode(name, words).map(entry::resolve::<fn()>);
}

enum Function {}

impl Entry for Function {
    type Signature = fn();
    const POINTER: fn() = || {};
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_queue_with_any_words_in_it_and_in_its_messages_harms_nobody(
        capacity in prop_oneof![(1..9usize).prop_map(Some), Just(None)],
        steps in vec(step(), 1..60),
    ) {
        watched(move || use_queue(capacity, &steps));
    }

    #[test]
    fn a_pipe_with_any_words_in_it_and_in_its_messages_harms_nobody(
        steps in vec(step(), 1..60),
    ) {
        watched(move || use_stream(&steps));
    }

    #[test]
    fn a_message_with_any_words_in_it_is_a_value_or_an_error(
        words in proptest::collection::hash_map((0..8u64).prop_map(|at| at * 8), word(), 1..4),
    ) {
        watched(move || use_messages(&words));
    }
}
