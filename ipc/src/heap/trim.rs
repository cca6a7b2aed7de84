//! The memory of free small blocks, given back to the system.
//!
//! What was freed last is used next, and new pages cost more than most of what is done with them: so
//! some memory is kept, as the trim threshold of glibc's `malloc` has it. What is free beyond that goes
//! back piece by piece, by those who free. `README.md` tells why no death harms that.

use std::ops::Range;
use std::sync::atomic::Ordering;

use super::alloc::{DISCARD_FROM, class_size};
use super::layout::{ProcessId, header};
use super::map::Heap;
use super::object::{CLEAN, Fields, Kind, ObjectId, halves, join, unpack_state};
use super::transaction::Transaction;

/// Free memory that is kept.
const KEPT: u64 = 64 << 20;
/// A process that has freed so much looks whether there is more than that.
const INTERVAL: u64 = 512 << 10;
/// What a block counts for at least, as there are others to look at for each that was freed.
const LEAST: u64 = 8 << 10;
/// Objects and bytes of blocks that are looked at together: more than is freed in an interval.
const OBJECTS: u32 = 512;
const BYTES: u64 = 2 << 20;
/// Objects that are passed over, where there is little to give back.
const PASSED: u32 = 4 * OBJECTS;
/// More than what lies at both ends of a window and shares a page with its neighbours.
const LITTLE: u64 = 2 * RUN;
const PAGE: u64 = 4096;
/// Less than so many bytes are not worth the system calls.
const RUN: u64 = 4 * PAGE;
/// Objects that are marked together; one change is left for the count of bytes.
const MARKS: usize = 24;

/// Free blocks next to each other.
#[derive(Debug, Default)]
struct Run {
    bytes: Range<u64>,
    objects: Vec<Free>,
}

/// A free object and its block.
#[derive(Debug)]
struct Free {
    object: ObjectId,
    block: Range<u64>,
    clean: bool,
}

impl Run {
    fn add(&mut self, free: Free) {
        if self.objects.is_empty() {
            self.bytes.start = free.block.start;
        }
        self.bytes.end = free.block.end;
        self.objects.push(free);
    }

    /// The pages that lie in it whole.
    fn pages(&self) -> Range<u64> {
        self.bytes.start.next_multiple_of(PAGE)..self.bytes.end / PAGE * PAGE
    }
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
    /// `me` has freed a small block of so many bytes. Now and then, that has some memory given back.
    pub(super) fn freed(&self, bytes: u64, me: ProcessId) {
        let counts = bytes + LEAST;
        // Relaxed: nothing follows from the count.
        let before = self.freed.fetch_add(counts, Ordering::Relaxed);
        let is_time = before / INTERVAL != before.wrapping_add(counts) / INTERVAL;
        if is_time && self.load(header::FREE_TOUCHED) > KEPT {
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

    /// Free small blocks next to each other, of a window that this process has claimed.
    fn runs(&self, window: Range<u32>) -> Vec<Run> {
        let fresh = self.load(header::FRESH).min(self.layout.size);
        let mut runs = vec![Run::default()];
        let mut at = self.layout.blocks();
        for object in window.map(ObjectId) {
            let state = self.state(object.0);
            let (kind, class, _) = unpack_state(state);
            let (start, size) = (self.start(object.0), class_size(class));
            // A block that lies otherwise is damage.
            let end = start.checked_add(size).filter(|end| *end <= fresh && start >= at);
            let small = size < DISCARD_FROM;
            match end {
                Some(end) if kind == Kind::Free && small => {
                    at = end;
                    let free = Free { object, block: start..end, clean: state & CLEAN != 0 };
                    runs.last_mut().expect("one at least").add(free);
                }
                _ => {
                    at = end.unwrap_or(at);
                    runs.push(Run::default());
                }
            }
        }
        runs
    }

    /// Gives back the pages of a run, and notes which of its blocks have none any more.
    fn give_back(&self, run: &Run) {
        let pages = run.pages();
        let dirty = run.objects.iter().any(|free| !free.clean);
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
        let clean: Vec<ObjectId> = run.objects.iter().filter(inside).map(|it| it.object).collect();
        for objects in clean.chunks(MARKS) {
            let mut tx = Transaction::begin(self);
            for object in objects {
                mark_clean(&mut tx, *object);
            }
            tx.commit();
        }
    }
}

/// The bytes of a small block that is free and was not given back; of any other none.
fn free_touched(state: u64) -> u64 {
    let (kind, class, _) = unpack_state(state);
    let size = class_size(class);
    let counts = kind == Kind::Free && size < DISCARD_FROM && state & CLEAN == 0;
    if counts { size } else { 0 }
}

fn mark_clean(tx: &mut Transaction<'_>, object: ObjectId) {
    let at = Fields::of(&tx.heap().layout, object).state();
    let state = tx.read(at);
    let size = free_touched(state);
    if size > 0 {
        tx.write(at, state | CLEAN);
        tx.update(header::FREE_TOUCHED, |bytes| bytes.saturating_sub(size));
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, PAGE, end_of, free_touched};
    use crate::heap::hostile::beside;
    use crate::heap::layout::header;
    use crate::heap::object::join;
    use crate::heap::transaction::Transaction;
    use crate::heap::{
        Contents, Heap, HoldId, Kind, NewProcess, ObjectId, Owner, ProcessId, Role, Size,
    };

    fn heap() -> (Heap, ProcessId) {
        let heap = Heap::create().expect("a heap");
        let me = heap.reserve(NewProcess { parent: None, name: "me" }).expect("a place");
        assert!(heap.join(me, std::process::id()));
        (heap, me)
    }

    /// A block of `me` in which `number` stands once in every page.
    fn block(heap: &Heap, me: ProcessId, bytes: usize, number: u64) -> (HoldId, ObjectId) {
        let contents = Contents { kind: Kind::Value, fingerprint: 0, length: 0 };
        let size = Size::of_bytes(bytes).expect("room");
        let new = heap.allocate(size, contents, Owner::Process(me), Role::Plain, me);
        let new = new.expect("memory");
        places(heap, new.object, bytes).for_each(|at| heap.poke(at, number));
        (new.hold, new.object)
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
        let sizes = [3_000, 40_000, 700, 300_000, 9_000, 130, 800_000, 16_384];
        for _ in 0..2 {
            let before = memory(&heap).saturating_sub(KEPT);
            let mut bytes = 0;
            let blocks: Vec<HoldId> = (0..2_000)
                .map(|number| {
                    let size = sizes[number % sizes.len()];
                    bytes += size as u64;
                    block(&heap, me, size, number as u64).0
                })
                .collect();
            assert!(memory(&heap) >= before + bytes && bytes > 4 * KEPT);
            blocks.iter().for_each(|hold| heap.release(*hold, Owner::Process(me), me));
            assert_eq!(heap.load(header::FREE_TOUCHED), counted(&heap));
            // Some pages at the ends of runs, and the tables.
            assert!(
                memory(&heap) < before + KEPT + (4 << 20),
                "{} {}",
                memory(&heap),
                heap.load(header::FREE_TOUCHED)
            );
        }
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
        assert!(memory(&heap) < before - before / 3, "{before} {}", memory(&heap));
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
