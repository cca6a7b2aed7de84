//! A ring's block: the header, then the slots.
#![expect(unsafe_code, reason = "a view of a block of the heap")]

use std::io;

use super::primitive::{AtomicU32, AtomicU64, Ordering};
use super::slot::{Slot, State, Word};
use super::tasks::Tasks;
use crate::heap::{Block, Heap, ObjectId, Signal, Size, damaged};

/// How a ring begins; the slots follow. Fields that different sides write are 64 bytes apart.
#[repr(C)]
pub(super) struct Header {
    capacity: AtomicU64,
    slots: AtomicU64,
    pub(super) closed: AtomicU32,
    /// There has been a second handle.
    pub(super) was_shared: AtomicU32,
    /// See [`Memory`].
    memory: AtomicU32,
    /// Not zero: there are cells for tasks before the slots.
    tasks: AtomicU32,
    _0: [u8; 32],
    pub(super) not_empty: Signal,
    _1: [u8; 48],
    pub(super) not_full: Signal,
    _2: [u8; 48],
    pub(super) tail: AtomicU64,
    _3: [u8; 56],
    pub(super) head: AtomicU64,
    _4: [u8; 56],
    pub(super) done: Signal,
    _5: [u8; 48],
}

/// Offsets, in a ring's block, of the signals that its users wait for.
pub(crate) const SIGNALS: [u64; 2] =
    [std::mem::offset_of!(Header, not_empty) as u64, std::mem::offset_of!(Header, not_full) as u64];

const _: () = {
    assert!(size_of::<Header>() == 384);
    assert!(SIGNALS[0] == 64 && SIGNALS[1] == 128);
};

/// Slots whose memory is given back together.
pub(super) const CHUNK: u64 = 512;
/// Where the slots of a ring that is not dense begin: at a page, so that whole pages can be given back.
const SPARSE_START: usize = 4096;
/// Slots of a ring that is as good as unbounded, if the heap is large enough.
const MANY_SLOTS: u64 = 1 << 26;
/// A ring with more slots than this does not touch them all when it is made.
const DENSE_SLOTS: usize = 1 << 10;

/// How a ring uses memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    /// For all its slots, from the start.
    Dense = 0,
    /// For the slots that were used. One that was not reads as zero, which stands for EMPTY whatever
    /// ticket it is looked at for.
    Lazy = 1,
    /// For the slots between head and tail: the others' pages are given back, and they read as zero
    /// again.
    GivenBack = 2,
}

impl Memory {
    fn from_raw(raw: u32) -> Memory {
        match raw {
            0 => Memory::Dense,
            1 => Memory::Lazy,
            _ => Memory::GivenBack,
        }
    }
}

/// A ring in the heap, as long as the process holds it.
#[derive(Clone, Copy)]
pub(crate) struct Ring<'h> {
    pub(super) header: &'h Header,
    pub(super) slots: &'h [Slot],
    pub(super) capacity: u64,
    pub(super) memory: Memory,
    /// See `tasks.rs`; there are none in the ring of a channel.
    pub(super) tasks: Option<&'h Tasks>,
    pub(super) heap: &'h Heap,
    /// Where in the heap the first slot lies.
    first: u64,
}

impl<'h> Ring<'h> {
    /// The memory a ring for `capacity` messages needs, or for as many as come, with cells for tasks or
    /// not; `None` if no heap has that much.
    pub(crate) fn size(heap: &Heap, capacity: Option<usize>, tasks: bool) -> Option<Size> {
        let slots = Ring::slots_for(heap, capacity)?;
        let begin = Ring::begin(slots <= DENSE_SLOTS, tasks);
        let bytes = slots.checked_mul(size_of::<Slot>())?.checked_add(begin)?;
        Size::of(std::alloc::Layout::from_size_align(bytes, align_of::<Slot>()).ok()?)
    }

    /// Where in the block the slots begin.
    fn begin(dense: bool, tasks: bool) -> usize {
        let after = if tasks { size_of::<Tasks>() } else { 0 };
        after + if dense { size_of::<Header>() } else { SPARSE_START }
    }

    fn slots_for(heap: &Heap, capacity: Option<usize>) -> Option<usize> {
        match capacity {
            Some(capacity) => capacity.checked_next_power_of_two(),
            None => {
                let room = (heap.size() / 64 / size_of::<Slot>() as u64).min(MANY_SLOTS);
                Some(1 << room.ilog2())
            }
        }
    }

    /// Makes a new ring of a block that nobody else knows yet.
    pub(crate) fn init(
        heap: &'h Heap,
        object: ObjectId,
        capacity: Option<usize>,
        tasks: bool,
        zeroed: bool,
    ) -> io::Result<Ring<'h>> {
        let Block { start, size, .. } = heap.block(object, align_of::<Slot>())?;
        let slots = Ring::slots_for(heap, capacity).ok_or_else(damaged)?;
        let memory = match capacity {
            None => Memory::GivenBack,
            Some(_) if slots > DENSE_SLOTS && zeroed => Memory::Lazy,
            Some(_) => Memory::Dense,
        };
        let begin = Ring::begin(true, tasks);
        if (begin as u64) > size {
            return Err(damaged());
        }
        if !zeroed {
            // SAFETY: within the block, which only this process knows.
            unsafe { start.as_ptr().write_bytes(0, begin) };
        }
        // SAFETY: in bounds and aligned (`block`); all-zero is a valid header.
        let header: &Header = unsafe { start.cast().as_ref() };
        // A sender must not be a lap behind a receiver that gives a chunk back: see `mpmc.rs`.
        let capacity = capacity.unwrap_or_else(|| slots - 4 * CHUNK as usize);
        // Relaxed: whoever gets to know the ring does so by a message, which orders these.
        header.capacity.store(capacity as u64, Ordering::Relaxed);
        header.slots.store(slots as u64, Ordering::Relaxed);
        header.memory.store(memory as u32, Ordering::Relaxed);
        header.tasks.store(tasks.into(), Ordering::Relaxed);
        let ring = Ring::view(heap, object)?;
        if memory == Memory::Dense {
            for (ticket, slot) in ring.slots.iter().enumerate() {
                let empty = Word::new(ticket as u64, State::Empty, 0);
                slot.word.store(empty.pack(), Ordering::Relaxed);
            }
        }
        Ok(ring)
    }

    /// The ring in `object`, its measures checked against the block's.
    pub(crate) fn view(heap: &'h Heap, object: ObjectId) -> io::Result<Ring<'h>> {
        let Block { start, offset, size } = heap.block(object, align_of::<Slot>())?;
        if size < size_of::<Header>() as u64 {
            return Err(damaged());
        }
        // SAFETY: in bounds and aligned (`block`); a header is atomics and signals, for which every
        // bit pattern is valid. The heap is never unmapped.
        let header: &'h Header = unsafe { start.cast().as_ref() };
        let capacity = header.capacity.load(Ordering::Relaxed);
        let count = header.slots.load(Ordering::Relaxed);
        let memory = Memory::from_raw(header.memory.load(Ordering::Relaxed));
        let tasks = header.tasks.load(Ordering::Relaxed) != 0;
        let begin = Ring::begin(memory == Memory::Dense, tasks);
        let room = size.saturating_sub(begin as u64) / size_of::<Slot>() as u64;
        // See `init`.
        let spare = if memory == Memory::GivenBack { 4 * CHUNK } else { 0 };
        let fits = capacity > 0 && count.checked_sub(spare).is_some_and(|most| capacity <= most);
        if !count.is_power_of_two() || count > room || !fits {
            return Err(damaged());
        }
        // SAFETY: `count` slots behind the header were just checked to lie within the block; a slot
        // is two atomics and bytes, for which every bit pattern is valid.
        let slots = unsafe {
            let first = start.as_ptr().add(begin).cast::<Slot>();
            std::slice::from_raw_parts(first, count as usize)
        };
        // SAFETY: between the header and the slots, where `begin` has left this room; a cell is an atomic.
        let tasks = tasks.then(|| unsafe { start.add(size_of::<Header>()).cast().as_ref() });
        Ok(Ring { header, slots, capacity, memory, tasks, heap, first: offset + begin as u64 })
    }

    /// Gives the memory of some of the slots back; they read as zero afterwards.
    pub(super) fn give_back(&self, slots: std::ops::Range<usize>) {
        let size = size_of::<Slot>() as u64;
        let (start, count) = (self.first + slots.start as u64 * size, slots.len() as u64);
        // Not giving it back costs memory and nothing else.
        let _ = self.heap.discard(start, count * size);
    }

    /// The slots that were ever touched, as ranges of their numbers: looking at the others would
    /// make memory for them, unless there are few.
    pub(super) fn touched(&self) -> io::Result<Vec<std::ops::Range<usize>>> {
        if self.slots.len() <= DENSE_SLOTS {
            let all = 0..self.slots.len();
            return Ok(vec![all]);
        }
        let size = size_of::<Slot>() as u64;
        let all = self.first..self.first + self.slots.len() as u64 * size;
        let touched = self.heap.touched(all)?.into_iter();
        let number = |at: u64| ((at - self.first) / size) as usize;
        Ok(touched.map(|bytes| number(bytes.start)..number(bytes.end + size - 1)).collect())
    }
}
