//! A ring of few slots.

use std::io;
use std::ops::Range;

use super::primitive::{AtomicU32, AtomicU64, Ordering};
use super::slot::{Slot, State, Word};
use crate::heap::{Heap, ObjectId, Signal};

/// One slot is a page, as it were.
pub(super) const CHUNK: u64 = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    Dense,
    Lazy,
    GivenBack,
}

#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) closed: AtomicU32,
    pub(super) was_shared: AtomicU32,
    pub(super) not_empty: Signal,
    pub(super) not_full: Signal,
    pub(super) tail: AtomicU64,
    pub(super) head: AtomicU64,
}

/// Where a ring lies.
pub(crate) struct Place {
    header: Header,
    slots: Vec<Slot>,
    capacity: u64,
    memory: Memory,
    heap: Heap,
}

pub(crate) struct Ring<'h> {
    pub(super) header: &'h Header,
    pub(super) slots: &'h [Slot],
    pub(super) capacity: u64,
    pub(super) memory: Memory,
    pub(super) heap: &'h Heap,
}

impl Place {
    /// A ring for so many messages, a power of two.
    pub(crate) fn dense(slots: u64) -> Place {
        Place::new(slots, slots, Memory::Dense, |ticket| Word::new(ticket, State::Empty, 0).pack())
    }

    /// One that gives its memory back.
    pub(crate) fn given_back(slots: u64) -> Place {
        Place::new(slots, slots - 4 * CHUNK, Memory::GivenBack, |_| 0)
    }

    /// One with a place for one message, on which `dead` was working, which is gone.
    pub(crate) fn left_by(dead: u32, was_full: bool) -> Place {
        let state = if was_full { State::Reading } else { State::Writing };
        let place = Place::new(1, 1, Memory::Dense, |ticket| Word::new(ticket, state, dead).pack());
        place.header.tail.store(1, Ordering::Relaxed);
        place.header.head.store(was_full.into(), Ordering::Relaxed);
        place
    }

    fn new(slots: u64, capacity: u64, memory: Memory, word: impl Fn(u64) -> u64) -> Place {
        let header = Header::default();
        crate::made(&header);
        let slots = (0..slots).map(|ticket| Slot::new(word(ticket))).collect();
        Place { header, slots, capacity, memory, heap: Heap::default() }
    }

    pub(crate) fn ring(&self) -> Ring<'_> {
        let Place { header, slots, capacity, memory, heap } = self;
        Ring { header, slots, capacity: *capacity, memory: *memory, heap }
    }
}

impl<'h> Ring<'h> {
    pub(super) fn view(heap: &'h Heap, _object: ObjectId) -> io::Result<Ring<'h>> {
        Ok(heap.place.as_ref().expect("a ring").ring())
    }

    pub(super) fn touched(&self) -> io::Result<Vec<Range<usize>>> {
        let all = 0..self.slots.len();
        Ok(vec![all])
    }

    pub(super) fn give_back(&self, slots: Range<usize>) {
        self.slots[slots].iter().for_each(Slot::zero);
    }

    pub(super) fn has_tasks(&self) -> bool {
        false
    }

    pub(super) fn notify_done(&self) {}
}
