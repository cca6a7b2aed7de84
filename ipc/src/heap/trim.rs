//! The memory of free blocks, given back to the system, but of those that lose it as they are freed.
//!
//! What was freed last is used next, and new pages cost more than most of what is done with them: so
//! some memory is kept, as the trim threshold of glibc's `malloc` has it. What is free beyond that goes
//! back piece by piece, by those who free. `README.md` tells why no death harms that.

use std::ops::Range;
use std::sync::atomic::Ordering;

use super::alloc::{class_size, is_trimmed};
use super::layout::{JOURNAL_CAPACITY, ProcessId, header};
use super::map::Heap;
use super::object::{CLEAN, Fields, Kind, ObjectId, halves, join, unpack_state};
use super::transaction::Transaction;

/// Free memory that is kept: a message of 64 MiB takes a block of 80, and others are free besides.
pub(super) const KEPT: u64 = 96 << 20;
/// A process that has freed so much looks whether there is more than that.
const INTERVAL: u64 = 512 << 10;
/// What a block counts for at least, as there are others to look at for each that was freed.
const LEAST: u64 = 8 << 10;
/// Objects and bytes of blocks that are looked at together: more than is freed in an interval.
const OBJECTS: u32 = 1024;
const BYTES: u64 = 2 << 20;
/// Objects that are passed over, where there is little to give back.
const PASSED: u32 = 4 * OBJECTS;
/// More than what lies at both ends of a window and shares a page with its neighbours.
const LITTLE: u64 = 2 * RUN;
const PAGE: u64 = 4096;
/// Less than so many bytes are not worth the system calls.
const RUN: u64 = 4 * PAGE;
/// Objects that are marked together; one change is left for the count of bytes.
const MARKS: usize = JOURNAL_CAPACITY - 1;

/// A free object and its block.
#[derive(Debug)]
struct Free {
    object: ObjectId,
    block: Range<u64>,
    clean: bool,
}

/// The pages that lie whole in these blocks, which follow each other.
fn pages(run: &[Free]) -> Range<u64> {
    let start = run.first().map_or(0, |free| free.block.start);
    let end = run.last().map_or(0, |free| free.block.end);
    start.next_multiple_of(PAGE)..end / PAGE * PAGE
}

/// Whether somebody gives back the memory of the object's block at the moment.
pub(super) fn is_in_window(tx: &Transaction<'_>, object: ObjectId) -> bool {
    let window = || halves(tx.read(header::WINDOW));
    tx.read(header::TRIMMER) != 0 && (window().0..window().1).contains(&object.0)
}

/// Gives up what `process` claimed, which is gone.
pub(super) fn end_of(tx: &mut Transaction<'_>, process: ProcessId) {
    if tx.read(header::TRIMMER) == u64::from(process.raw()) {
        tx.write(header::TRIMMER, 0);
    }
}

impl Heap {
    /// `me` has freed a block of so many bytes. Now and then, that has some given back.
    pub(super) fn freed(&self, bytes: u64, me: ProcessId) {
        let counts = bytes + LEAST;
        // Relaxed: nothing follows from the count.
        let before = self.freed.fetch_add(counts, Ordering::Relaxed);
        let is_time = before / INTERVAL != before.wrapping_add(counts) / INTERVAL;
        let is_too_much = || self.load(header::FREE_TOUCHED) > KEPT;
        // Often there is somebody at it, who may be stopped.
        if is_time && is_too_much() && self.load(header::TRIMMER) == 0 {
            self.trim(me);
        }
    }

    /// Gives back memory of free blocks among the next few.
    pub(super) fn trim(&self, me: ProcessId) {
        let window = self.next_window();
        let mut tx = Transaction::begin(self);
        if tx.read(header::TRIMMER) != 0 {
            return;
        }
        tx.write(header::TRIMMER, me.raw().into());
        tx.write(header::WINDOW, join(window.start, window.end));
        tx.commit();
        // What is free in there stays free now, without the lock.
        for run in self.runs(window) {
            self.give_back(&run);
        }
        let mut tx = Transaction::begin(self);
        end_of(&mut tx, me);
        tx.commit();
    }

    /// The objects behind the last window, or behind some more that have little memory to give back.
    fn next_window(&self) -> Range<u32> {
        let objects = (self.load(header::OBJECTS) as u32).min(self.layout.objects);
        let mut window = 0..halves(self.load(header::WINDOW)).1;
        let mut passed = 0;
        while passed < PASSED {
            let follows = window.end != 0 && window.end < objects;
            let first = if follows { window.end } else { 1 };
            let mut end = objects.min(first + OBJECTS).max(first + 1);
            // Blocks lie in the order of their objects.
            while end - first > 1 && self.start(end - 1).saturating_sub(self.start(first)) > BYTES {
                end = first + (end - first) / 2;
            }
            window = first..end;
            if window.clone().map(|object| free_touched(self.state(object))).sum::<u64>() > LITTLE {
                break;
            }
            passed += end - first;
        }
        window
    }

    fn start(&self, object: u32) -> u64 {
        self.load(Fields::of(&self.layout, ObjectId(object)).offset())
    }

    fn state(&self, object: u32) -> u64 {
        self.load(Fields::of(&self.layout, ObjectId(object)).state())
    }

    /// Free blocks next to each other, of a window that this process has claimed.
    fn runs(&self, window: Range<u32>) -> Vec<Vec<Free>> {
        let fresh = self.load(header::FRESH).min(self.layout.size);
        let mut runs = vec![Vec::new()];
        let mut at = self.layout.blocks();
        for object in window.map(ObjectId) {
            let state = self.state(object.0);
            let (kind, class, _) = unpack_state(state);
            let (start, size) = (self.start(object.0), class_size(class));
            // A block that lies otherwise is damage.
            let end = start.checked_add(size).filter(|end| *end <= fresh && start >= at);
            match end {
                Some(end) if kind == Kind::Free && is_trimmed(class) => {
                    at = end;
                    let free = Free { object, block: start..end, clean: state & CLEAN != 0 };
                    runs.last_mut().expect("one at least").push(free);
                }
                _ => {
                    at = end.unwrap_or(at);
                    runs.push(Vec::new());
                }
            }
        }
        runs
    }

    /// Gives back the pages of a run, and notes which of its blocks have none any more.
    fn give_back(&self, run: &[Free]) {
        let pages = pages(run);
        let dirty = run.iter().any(|free| !free.clean);
        if !dirty || pages.end.saturating_sub(pages.start) < RUN {
            return;
        }
        let discarded = match self.is_touched(pages.clone()) {
            Ok(true) => self.discard(pages.start, pages.end - pages.start),
            untouched => untouched.map(drop),
        };
        if discarded.is_err() {
            return;
        }
        let inside = |free: &&Free| {
            !free.clean && free.block.start >= pages.start && free.block.end <= pages.end
        };
        let clean: Vec<ObjectId> = run.iter().filter(inside).map(|it| it.object).collect();
        for objects in clean.chunks(MARKS) {
            let mut tx = Transaction::begin(self);
            for object in objects {
                mark_clean(&mut tx, *object);
            }
            tx.commit();
        }
    }
}

/// The bytes of a block that is free and was not given back; of any other none.
fn free_touched(state: u64) -> u64 {
    let (kind, class, _) = unpack_state(state);
    if kind == Kind::Free && state & CLEAN == 0 { class_size(class) } else { 0 }
}

fn mark_clean(tx: &mut Transaction<'_>, object: ObjectId) {
    let at = Fields::of(&tx.heap().layout, object).state();
    let state = tx.read(at);
    if free_touched(state) > 0 {
        tx.write(at, state | CLEAN);
        uncount(tx, state);
    }
}

/// An object that had this state is no longer free with memory, if it was.
pub(super) fn uncount(tx: &mut Transaction<'_>, state: u64) {
    let size = free_touched(state);
    if size > 0 {
        tx.update(header::FREE_TOUCHED, |bytes| bytes.saturating_sub(size));
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, PAGE, end_of, free_touched};
    use crate::heap::alloc::Allocated;
    use crate::heap::hostile::beside;
    use crate::heap::layout::header;
    use crate::heap::object::join;
    use crate::heap::transaction::Transaction;
    use crate::heap::{
        Contents, Heap, HoldId, Kind, NewProcess, ObjectId, Owner, ProcessId, Role, Size,
    };
    use crate::sys::memory::GIVES_BACK;

    fn heap() -> (Heap, ProcessId) {
        let heap = Heap::create().expect("a heap");
        let me = heap.reserve(NewProcess { parent: None, name: "me" }).expect("a place");
        assert!(heap.join(me, std::process::id()));
        (heap, me)
    }

    fn allocate(heap: &Heap, me: ProcessId, kind: Kind, bytes: usize) -> Allocated {
        let contents = Contents { kind, fingerprint: 0, length: 0 };
        let size = Size::of_bytes(bytes).expect("room");
        heap.allocate(size, contents, Owner::Process(me), Role::Plain, me).expect("memory")
    }

    /// A block of `me` in which `number` stands once in every page.
    fn block(heap: &Heap, me: ProcessId, bytes: usize, number: u64) -> (HoldId, ObjectId) {
        let new = allocate(heap, me, Kind::Value, bytes);
        places(heap, new.object, bytes).for_each(|at| heap.poke(at, number));
        (new.hold, new.object)
    }

    /// A block of a message, of which every page was written.
    fn message(heap: &Heap, me: ProcessId, bytes: usize) -> Allocated {
        let message = allocate(heap, me, Kind::Parcel, bytes);
        places(heap, message.object, bytes).for_each(|at| heap.poke(at, 7));
        message
    }

    fn places(heap: &Heap, object: ObjectId, bytes: usize) -> impl Iterator<Item = u64> {
        let start = heap.block(object, 8).expect("a block").offset;
        (start..start + bytes as u64).step_by(PAGE as usize)
    }

    fn memory(heap: &Heap) -> u64 {
        let touched = heap.touched(0..heap.size()).expect("a file");
        touched.iter().map(|part| part.end - part.start).sum()
    }

    /// What the count of free bytes has to be.
    fn counted(heap: &Heap) -> u64 {
        let objects = heap.load(header::OBJECTS) as u32;
        (1..objects).map(|object| free_touched(heap.state(object))).sum()
    }

    #[test]
    fn what_is_free_is_given_back_but_for_a_part_that_is_kept() {
        let (heap, me) = heap();
        let sizes = [3_000, 40_000, 700, 300_000, 9_000, 60, 800_000, 16_384];
        for _ in 0..2 {
            let before = memory(&heap).saturating_sub(KEPT);
            let mut bytes = 0;
            let blocks: Vec<HoldId> = (0..2_900)
                .map(|number| {
                    let size = sizes[number % sizes.len()];
                    bytes += size as u64;
                    block(&heap, me, size, number as u64).0
                })
                .collect();
            assert!(!GIVES_BACK || memory(&heap) >= before + bytes && bytes > 4 * KEPT);
            blocks.iter().for_each(|hold| heap.release(*hold, Owner::Process(me), me));
            assert_eq!(heap.load(header::FREE_TOUCHED), counted(&heap));
            // Some pages at the ends of runs, and the tables.
            let after = memory(&heap);
            assert!(!GIVES_BACK || after < before + KEPT + (4 << 20), "{after}");
        }
    }

    #[test]
    fn a_large_block_keeps_its_memory_for_the_next_message_and_no_longer() {
        for large in [2 << 20, KEPT as usize] {
            let (heap, me) = heap();
            let empty = memory(&heap);
            let message = message(&heap, me, large);
            heap.release(message.hold, Owner::Process(me), me);
            assert!(memory(&heap) >= empty + large as u64);

            let value = allocate(&heap, me, Kind::Value, large);
            assert!(value.object == message.object && !value.zeroed);
            heap.release(value.hold, Owner::Process(me), me);
            assert_eq!(heap.load(header::FREE_TOUCHED), 0);
            assert!(!GIVES_BACK || memory(&heap) < empty + large as u64);

            let next = allocate(&heap, me, Kind::Value, large);
            assert!(next.object == value.object && next.zeroed == GIVES_BACK);
            assert!(!next.zeroed || places(&heap, next.object, large).all(|at| heap.peek(at) == 0));
        }
    }

    #[test]
    fn the_memory_of_many_large_messages_and_of_a_larger_one_is_given_back_but_for_a_part() {
        const LARGE: usize = 5 << 20;
        let (heap, me) = heap();
        let empty = memory(&heap);
        let messages: Vec<Allocated> = (0..40).map(|_| message(&heap, me, LARGE)).collect();
        assert!(memory(&heap) > empty + 2 * KEPT);
        messages.iter().for_each(|it| heap.release(it.hold, Owner::Process(me), me));
        heap.release(message(&heap, me, KEPT as usize + 1).hold, Owner::Process(me), me);
        assert!(!GIVES_BACK || memory(&heap) < empty + KEPT + 2 * LARGE as u64);
        assert_eq!(heap.load(header::FREE_TOUCHED), counted(&heap));
        for _ in 0..40 {
            let next = allocate(&heap, me, Kind::Value, LARGE);
            let is_zero = places(&heap, next.object, LARGE).all(|at| heap.peek(at) == 0);
            assert!(is_zero || !next.zeroed);
        }
    }

    #[test]
    fn the_memory_of_the_smallest_is_given_back() {
        let (heap, me) = heap();
        let blocks: Vec<HoldId> = (0..100_000).map(|n| block(&heap, me, 60, n).0).collect();
        blocks.iter().for_each(|hold| heap.release(*hold, Owner::Process(me), me));
        let counted = heap.load(header::FREE_TOUCHED);
        // As many steps as there are windows, each of which is taken once.
        (0..100).for_each(|_| heap.trim(me));
        assert!(heap.load(header::FREE_TOUCHED) < counted / 50, "{counted}");
    }

    #[test]
    fn what_is_in_use_keeps_its_bytes() {
        let (heap, me) = heap();
        let mut blocks = Vec::new();
        for number in 0..20_000u64 {
            // Whole runs of them go, and single ones.
            let bytes = 100 + (number * 7919 % 9_000) as usize;
            let (hold, object) = block(&heap, me, bytes, number);
            blocks.push((number, bytes, hold, object));
        }
        let goes = |number: u64| (number / 100).is_multiple_of(2) || number.is_multiple_of(3);
        for (_, _, hold, _) in blocks.iter().filter(|it| goes(it.0)) {
            heap.release(*hold, Owner::Process(me), me);
        }
        let before = memory(&heap);
        (0..100).for_each(|_| heap.trim(me));
        let after = memory(&heap);
        assert!(!GIVES_BACK || after < before - before / 3, "{before} {after}");
        for (number, bytes, _, object) in blocks.iter().filter(|it| !goes(it.0)) {
            assert!(places(&heap, *object, *bytes).all(|at| heap.peek(at) == *number));
        }
    }

    #[test]
    fn a_block_is_not_used_while_its_memory_is_given_back() {
        let (heap, me) = heap();
        let mut spoilt = 0;
        let work = || {
            for round in 0..4_000 {
                let blocks = [1, 2, 3, 4].map(|at| {
                    let number = round * 4 + at;
                    (number, block(&heap, me, 30_000, number))
                });
                for (number, (hold, object)) in blocks {
                    let whole = places(&heap, object, 30_000).all(|at| heap.peek(at) == number);
                    spoilt += u64::from(!whole);
                    heap.release(hold, Owner::Process(me), me);
                }
            }
        };
        beside(|| heap.trim(me), work);
        assert_eq!(spoilt, 0);
        assert_eq!(heap.load(header::FREE_TOUCHED), counted(&heap));
    }

    #[test]
    fn what_a_dead_one_was_giving_back_can_be_used_when_its_place_is_free() {
        let (heap, me) = heap();
        let dead = heap.reserve(NewProcess { parent: Some(me), name: "dead" }).expect("a place");
        let (hold, object) = block(&heap, me, 1000, 7);
        heap.release(hold, Owner::Process(me), me);
        // As after a death in the middle.
        heap.poke(header::TRIMMER, dead.raw().into());
        heap.poke(header::WINDOW, join(object.0, object.0 + 1));
        let (hold, other) = block(&heap, me, 1000, 7);
        assert_ne!(other, object);
        assert!(heap.vacate(dead));
        assert_eq!(block(&heap, me, 1000, 7).1, object);
        heap.release(hold, Owner::Process(me), me);

        // Not what another one gives back.
        heap.poke(header::TRIMMER, me.raw().into());
        let mut tx = Transaction::begin(&heap);
        end_of(&mut tx, dead);
        tx.commit();
        assert_eq!(heap.load(header::TRIMMER), u64::from(me.raw()));
    }
}
