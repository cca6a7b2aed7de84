//! A heap in whose tables somebody wrote who had no business there.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};

use super::layout::{ProcessId, header};
use super::{Contents, Heap, HoldId, Kind, NewProcess, ObjectId, Owner, Role, Size};
use crate::process::sweep;
use crate::ring::Ring;

/// Fails if `f` is not done in time, which is far longer than it ever takes.
pub(crate) fn watched(f: impl FnOnce() + Send + 'static) {
    let (done, ended) = mpsc::channel();
    let thread = thread::spawn(move || {
        f();
        let _ = done.send(());
    });
    let ended = ended.recv_timeout(Duration::from_secs(30));
    assert!(ended != Err(mpsc::RecvTimeoutError::Timeout), "an operation does not end");
    thread.join().expect("no operation panics");
}

/// What a word becomes: anything, or what looks right.
pub(crate) fn word() -> impl Strategy<Value = u64> + Clone {
    let halves = (0..12u64, 0..12u64).prop_map(|(low, high)| low | high << 32);
    prop_oneof![
        any::<u64>(),
        halves,
        0..256u64,
        (0..64u32).prop_map(|bit| 1 << bit),
        (0..64u32).prop_map(|bit| u64::MAX << bit),
        Just(u64::MAX >> 1),
    ]
}

/// A heap with three processes, of which the first is this one.
fn heap() -> (Heap, Vec<ProcessId>) {
    let heap = Heap::create().expect("a heap");
    let mut processes = Vec::new();
    for name in ["me", "child", "grandchild"] {
        let parent = processes.last().copied();
        let process = heap.reserve(NewProcess { parent, name }).expect("a place");
        assert!(heap.join(process, std::process::id()));
        processes.push(process);
    }
    (heap, processes)
}

/// The words of the bookkeeping but those of the locks, whose links are the matter of `sync-prims`.
const TARGETS: [Range<u64>; 7] = [
    header::FRESH..header::FREE_TOUCHED + 8,
    header::FREE_OBJECTS..header::SWEEP_LOCK,
    header::DEATHS..header::DEATHS + 8,
    header::JOURNAL_LEN..header::JOURNAL + 33 * 16,
    header::BELLS..header::BELLS + 64,
    16 << 10..(16 << 10) + 5 * 128,
    1 << 20..(1 << 20) + 12 * 128,
];

#[derive(Debug, Clone, Copy)]
enum Step {
    Poke(u64, u64),
    Allocate(usize, usize),
    Ring(usize, Option<usize>),
    AddHold(usize),
    Move(usize, usize, bool),
    Release(usize),
    Name(u32, u32),
    Block(usize),
    Lists(usize),
    Copy(usize, usize),
    Reserve,
    Sweep(usize),
    Trim,
}

fn poke() -> impl Strategy<Value = (u64, u64)> + Clone {
    let [numbers, free, deaths, journal, bells, processes, records] = TARGETS;
    let at = prop_oneof![
        numbers,
        free,
        deaths,
        journal,
        bells,
        processes,
        records.clone(),
        records.clone(),
        records,
    ];
    (at, word()).prop_map(|(at, value)| (at & !7, value))
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..3usize;
    prop_oneof![
        3 => poke().prop_map(|(at, value)| Step::Poke(at, value)),
        2 => (who.clone(), prop_oneof![1..5000usize, 1 << 20..2usize << 20])
            .prop_map(|(who, size)| Step::Allocate(who, size)),
        1 => (who.clone(), prop_oneof![Just(None), (1..3000usize).prop_map(Some)])
            .prop_map(|(who, capacity)| Step::Ring(who, capacity)),
        1 => any::<usize>().prop_map(Step::AddHold),
        2 => (any::<usize>(), any::<usize>(), any::<bool>())
            .prop_map(|(hold, to, inside)| Step::Move(hold, to, inside)),
        2 => any::<usize>().prop_map(Step::Release),
        1 => (any::<u32>(), 0..3u32).prop_map(|(index, generation)| Step::Name(index, generation)),
        1 => any::<usize>().prop_map(Step::Block),
        1 => who.clone().prop_map(Step::Lists),
        1 => (who.clone(), who.clone()).prop_map(|(from, to)| Step::Copy(from, to)),
        1 => Just(Step::Reserve),
        1 => (1..3usize).prop_map(Step::Sweep),
        1 => Just(Step::Trim),
    ]
}

/// Calls `f` while somebody writes what `poke` is told to, again and again.
pub(crate) fn beside(poke: impl Fn() + Sync, f: impl FnOnce()) {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            // Relaxed: orders nothing.
            while !over.load(Ordering::Relaxed) {
                poke();
                thread::yield_now();
            }
        });
        f();
        over.store(true, Ordering::Relaxed);
    });
}

fn carry_out(heap: &Heap, processes: &[ProcessId], steps: &[Step]) {
    let me = processes[0];
    let mut known: Vec<(HoldId, ObjectId, Owner)> = Vec::new();
    for step in steps {
        let pick = |from: usize| known.get(from % known.len().max(1)).copied();
        match *step {
            Step::Poke(at, value) => heap.poke(at, value),
            Step::Allocate(who, bytes) => {
                let contents = Contents { kind: Kind::Parcel, fingerprint: 0, length: 0 };
                let (owner, size) = (Owner::Process(processes[who]), Size::of_bytes(bytes));
                let new = heap.allocate(size.expect("room"), contents, owner, Role::Plain, me);
                known.extend(new.ok().map(|new| (new.hold, new.object, owner)));
            }
            Step::Ring(who, capacity) => {
                let contents = Contents { kind: Kind::Ring, fingerprint: 0, length: 0 };
                let owner = Owner::Process(processes[who]);
                let size = Ring::size(heap, capacity, false).expect("room");
                if let Ok(new) = heap.allocate(size, contents, owner, Role::Both, me) {
                    let _ = Ring::init(heap, new.object, capacity, false, new.zeroed);
                    known.push((new.hold, new.object, owner));
                }
            }
            Step::AddHold(which) => {
                if let Some((_, object, owner)) = pick(which) {
                    let hold = heap.add_hold(object, owner, Role::Receiver);
                    known.extend(hold.ok().map(|hold| (hold, object, owner)));
                }
            }
            Step::Move(which, to, inside) => {
                if let (Some((hold, object, from)), Some((_, other, _))) = (pick(which), pick(to)) {
                    let to = if inside { Owner::Object(other) } else { Owner::Process(me) };
                    if heap.move_hold(hold, from, to).is_some() {
                        known.push((hold, object, to));
                    }
                }
            }
            Step::Release(which) => {
                pick(which).into_iter().for_each(|(hold, _, owner)| heap.release(hold, owner, me));
            }
            Step::Name(index, generation) => {
                let hold = HoldId { index, generation };
                heap.set_handler(hold, me);
                let _ = (heap.handler(hold), heap.held(hold, Owner::Process(me)));
            }
            Step::Block(which) => {
                if let Some((_, object, _)) = pick(which) {
                    let block = heap.block(object, 64);
                    assert!(
                        block.is_err() || block.is_ok_and(|it| it.offset + it.size <= heap.size())
                    );
                    let _ = (Ring::view(heap, object).is_ok(), heap.kind(object));
                    let _ = (heap.guard_held_in(object), heap.roles(object));
                }
            }
            Step::Lists(who) => {
                let _ = (heap.holds_of(Owner::Process(processes[who])), heap.processes());
            }
            Step::Copy(from, to) => drop(heap.copy_holds(processes[from], processes[to])),
            Step::Reserve => {
                drop(heap.reserve(NewProcess { parent: Some(me), name: "another" }));
            }
            Step::Sweep(who) => sweep(heap, me, processes[who]),
            Step::Trim => heap.trim(me),
        }
    }
    for process in &processes[1..] {
        sweep(heap, me, *process);
    }
    heap.holds_of(Owner::Process(me)).iter().for_each(|(hold, _)| {
        heap.release(*hold, Owner::Process(me), me);
    });
}

fn parcel(heap: &Heap, owner: ProcessId) -> (HoldId, ObjectId) {
    let contents = Contents { kind: Kind::Parcel, fingerprint: 0, length: 0 };
    let size = Size::of_bytes(64).expect("room");
    let new = heap.allocate(size, contents, Owner::Process(owner), Role::Plain, owner);
    let new = new.expect("memory");
    (new.hold, new.object)
}

#[test]
fn a_list_of_free_objects_that_names_a_living_one_is_not_believed() {
    let (heap, processes) = heap();
    let (_, living) = parcel(&heap, processes[0]);
    for named in [u64::from(living.0), u64::from(u32::MAX), 1 << 20] {
        heap.poke(header::FREE_OBJECTS, named);
        assert_ne!(parcel(&heap, processes[0]).1, living);
    }
}

#[test]
fn a_hold_on_nothing_ends_and_frees_nothing() {
    let (heap, processes) = heap();
    let (me, child) = (Owner::Process(processes[0]), Owner::Process(processes[1]));
    // Something free, and what is in no table.
    for nothing in [None, Some(1 << 20), Some(u32::MAX)] {
        let (hold, _) = parcel(&heap, processes[1]);
        let (freed, object) = parcel(&heap, processes[0]);
        heap.release(freed, me, processes[0]);
        let named = u64::from(nothing.unwrap_or(object.0)) | u64::from(hold.generation) << 32;
        heap.poke(heap.layout.hold(hold.index), named);
        heap.release(hold, child, processes[0]);
        assert!(heap.held(hold, child).is_none());
        assert_eq!(parcel(&heap, processes[0]).1, object);
        assert_ne!(parcel(&heap, processes[0]).1, object);
    }
}

#[test]
fn a_journal_that_names_the_lock_or_leads_out_of_the_heap_is_not_carried_out() {
    watched(|| {
        let (heap, processes) = heap();
        for at in [header::LOCK, header::SWEEP_LOCK, header::JOURNAL, heap.size(), u64::MAX >> 1] {
            for at in [at, at | 1 << 63] {
                heap.poke(header::JOURNAL, at);
                heap.poke(header::JOURNAL + 8, u64::MAX);
                heap.poke(header::JOURNAL_LEN, 1);
                assert_eq!(heap.processes().len(), 3);
            }
        }
        heap.poke(header::JOURNAL_LEN, u64::MAX);
        sweep(&heap, processes[0], processes[1]);
        assert_eq!(heap.processes().len(), 2);
    });
}

#[test]
fn a_block_that_is_not_among_the_blocks_is_an_error() {
    let (heap, processes) = heap();
    let (_, object) = parcel(&heap, processes[0]);
    let at = heap.layout.object(object.0);
    let offset = heap.block(object, 64).expect("a block").offset;
    for wrong in [0, 1 << 20, offset + 8, heap.size() - 32, u64::MAX - 31] {
        heap.poke(at + 8, wrong);
        assert!(heap.block(object, 64).is_err(), "{wrong:#x}");
    }
    heap.poke(at + 8, offset);
    // The largest class there is, as far as the heap is concerned.
    heap.poke(at, Kind::Parcel as u64 | 0xff << 8);
    assert!(heap.block(object, 64).is_err());
}

#[test]
fn a_number_of_objects_that_lies_makes_no_memory_for_the_table() {
    let (heap, processes) = heap();
    parcel(&heap, processes[0]);
    heap.poke(header::OBJECTS, u64::from(u32::MAX));
    assert_eq!(heap.usage().objects, 1);
    let touched = heap.touched(0..heap.size()).expect("a file");
    assert!(touched.iter().map(|part| part.end - part.start).sum::<u64>() < 4 << 20);
}

#[test]
fn lists_of_holds_that_lead_in_a_circle_end() {
    watched(|| {
        let (heap, processes) = heap();
        let child = Owner::Process(processes[1]);
        let holds: Vec<HoldId> = (0..4).map(|_| parcel(&heap, processes[1]).0).collect();
        // The last of the list leads back to its first, its second and itself.
        for back in [3, 2, 0] {
            heap.poke(heap.layout.hold(holds[0].index) + 16, {
                u64::from(holds[1].index) | u64::from(holds[back].index) << 32
            });
            assert_eq!(heap.holds_of(child).len(), 4);
        }
        sweep(&heap, processes[0], processes[1]);
        assert!(heap.process(processes[1]).is_none());
    });
}

#[test]
fn a_process_whose_list_of_holds_is_anothers_is_swept() {
    watched(|| {
        let (heap, processes) = heap();
        let (hold, _) = parcel(&heap, processes[2]);
        for head in [hold.index, u32::MAX, 12] {
            let place = super::process::holds(processes[1]);
            heap.poke(place, head.into());
            assert!(heap.holds_of(Owner::Process(processes[1])).is_empty());
        }
        sweep(&heap, processes[0], processes[1]);
        assert!(heap.process(processes[1]).is_none());
        assert!(heap.held(hold, Owner::Process(processes[2])).is_some());
    });
}

#[test]
fn a_parent_that_nobody_is_has_no_children_after_its_sweep() {
    let (heap, processes) = heap();
    let nobody = ProcessId::new(77, 3);
    heap.poke(super::process::holds(processes[1]) - 8, u64::from(nobody.raw()) << 32);
    sweep(&heap, processes[0], nobody);
    assert!(heap.processes().iter().all(|entry| entry.parent != Some(nobody)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn tables_with_any_words_in_them_are_errors(steps in vec(step(), 1..80)) {
        watched(move || {
            let (heap, processes) = heap();
            carry_out(&heap, &processes, &steps);
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn tables_that_are_written_to_meanwhile_are_errors(
        pokes in vec(poke(), 1..40),
        steps in vec(step(), 100),
    ) {
        watched(move || {
            let (heap, processes) = heap();
            let poke = || pokes.iter().for_each(|(at, value)| heap.poke(*at, *value));
            beside(poke, || carry_out(&heap, &processes, &steps));
        });
    }
}
