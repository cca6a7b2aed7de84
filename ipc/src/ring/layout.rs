//! A ring's block: the header, then the slots.
#![expect(unsafe_code, reason = "a view of a block of the heap")]

use std::io;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use sync_prims::raw::EventCount;

use super::slot::{Slot, State, Word};
use crate::heap::{Heap, ObjectId, Size};

/// How a ring begins; the slots follow. Fields that different sides write are 64 bytes apart.
#[repr(C)]
pub(super) struct Header {
    capacity: AtomicU64,
    slots: AtomicU64,
    pub(super) closed: AtomicU32,
    /// There has been a second handle.
    pub(super) was_shared: AtomicU32,
    /// See [`Ring::init_sparse`].
    sparse: AtomicU32,
    _0: [u8; 36],
    pub(super) not_empty: EventCount,
    _1: [u8; 60],
    pub(super) not_full: EventCount,
    _2: [u8; 60],
    pub(super) tail: AtomicU64,
    _3: [u8; 56],
    pub(super) head: AtomicU64,
    _4: [u8; 120],
}

/// Offsets, in a ring's block, of the event counts that its users sleep on.
pub(crate) const EVENT_COUNTS: [u64; 2] =
    [std::mem::offset_of!(Header, not_empty) as u64, std::mem::offset_of!(Header, not_full) as u64];

const _: () = {
    assert!(size_of::<Header>() == 384);
    assert!(EVENT_COUNTS[0] == 64 && EVENT_COUNTS[1] == 128);
};

/// Where the slots of a sparse ring begin: at a page, so that whole pages can be given back.
const SPARSE_START: usize = 4096;
/// Messages a sparse ring can hold, if the heap is large enough.
const SPARSE_SLOTS: u64 = 1 << 26;

/// A ring in the heap, as long as the process holds it.
#[derive(Clone, Copy)]
pub(crate) struct Ring<'h> {
    pub(super) header: &'h Header,
    pub(super) slots: &'h [Slot],
    pub(super) capacity: u64,
    pub(super) sparse: bool,
    heap: &'h Heap,
    /// Where in the heap the first slot lies.
    first: u64,
}

impl<'h> Ring<'h> {
    /// The memory a ring for `capacity` messages needs; `None` if no heap has that much.
    pub(crate) fn size(capacity: usize) -> Option<Size> {
        let slots = capacity.checked_next_power_of_two()?;
        let bytes = slots.checked_mul(size_of::<Slot>())?.checked_add(size_of::<Header>())?;
        Size::of(std::alloc::Layout::from_size_align(bytes, align_of::<Slot>()).ok()?)
    }

    /// The memory a sparse ring needs.
    pub(crate) fn size_sparse(heap: &Heap) -> Option<Size> {
        let slots = (heap.size() / 64 / size_of::<Slot>() as u64).min(SPARSE_SLOTS);
        Size::of_bytes(SPARSE_START + slots as usize * size_of::<Slot>())
    }

    /// Makes a new ring of a block that nobody else knows yet and that reads as zero.
    ///
    /// A sparse ring has so many slots that it is as good as unbounded. Memory is used only for those
    /// between head and tail: a slot that was never used, or whose page was given back since, reads as
    /// zero, which stands for EMPTY whatever ticket it is looked at for.
    pub(crate) fn init_sparse(heap: &'h Heap, object: ObjectId) -> Ring<'h> {
        let (offset, size) = heap.block(object);
        let room = (size - SPARSE_START as u64) / size_of::<Slot>() as u64;
        let slots = 1 << room.ilog2();
        // SAFETY: in bounds and aligned (`at`); all-zero is a valid header.
        let header: &Header = unsafe { heap.at(offset, size, 4096).cast().as_ref() };
        // Relaxed: whoever gets to know the ring does so by a message, which orders these.
        header.capacity.store(slots, Ordering::Relaxed);
        header.slots.store(slots, Ordering::Relaxed);
        header.sparse.store(1, Ordering::Relaxed);
        Ring::view(heap, object).expect("the ring was just made")
    }

    /// Makes a new ring of a block that nobody else knows yet.
    pub(crate) fn init(
        heap: &'h Heap,
        object: ObjectId,
        capacity: usize,
        zeroed: bool,
    ) -> Ring<'h> {
        let (offset, size) = heap.block(object);
        let slots = capacity.next_power_of_two() as u64;
        let start = heap.at(offset, size, align_of::<Slot>() as u64);
        if !zeroed {
            let used = size_of::<Header>() as u64 + slots * size_of::<Slot>() as u64;
            assert!(used <= size, "a ring fits into the block that was made for it");
            // SAFETY: within the block, which only this process knows.
            unsafe { start.as_ptr().write_bytes(0, used as usize) };
        }
        // SAFETY: in bounds and aligned (`at`); all-zero is a valid header.
        let header: &Header = unsafe { start.cast().as_ref() };
        // Relaxed: whoever gets to know the ring does so by a message, which orders these.
        header.capacity.store(capacity as u64, Ordering::Relaxed);
        header.slots.store(slots, Ordering::Relaxed);
        let ring = Ring::view(heap, object).expect("the ring was just made");
        for (ticket, slot) in ring.slots.iter().enumerate() {
            slot.word.store(Word::new(ticket as u64, State::Empty, 0).pack(), Ordering::Relaxed);
        }
        ring
    }

    /// The ring in `object`, its measures checked against the block's.
    pub(crate) fn view(heap: &'h Heap, object: ObjectId) -> io::Result<Ring<'h>> {
        let (offset, size) = heap.block(object);
        let start = heap.at(offset, size, align_of::<Slot>() as u64);
        // SAFETY: in bounds and aligned (`at`); a header is atomics and event counts, for which every
        // bit pattern is valid. The heap is never unmapped.
        let header: &'h Header = unsafe { start.cast().as_ref() };
        let capacity = header.capacity.load(Ordering::Relaxed);
        let count = header.slots.load(Ordering::Relaxed);
        let sparse = header.sparse.load(Ordering::Relaxed) != 0;
        let begin = if sparse { SPARSE_START } else { size_of::<Header>() };
        let room = size.saturating_sub(begin as u64) / size_of::<Slot>() as u64;
        if !count.is_power_of_two() || count > room || capacity == 0 || capacity > count {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a ring's header is damaged"));
        }
        // SAFETY: `count` slots behind the header were just checked to lie within the block; a slot
        // is two atomics and bytes, for which every bit pattern is valid.
        let slots = unsafe {
            let first = start.as_ptr().add(begin).cast::<Slot>();
            std::slice::from_raw_parts(first, count as usize)
        };
        Ok(Ring { header, slots, capacity, sparse, heap, first: offset + begin as u64 })
    }

    /// Gives the memory of some of a sparse ring's slots back; they read as zero afterwards.
    pub(super) fn give_back(&self, slots: std::ops::Range<usize>) {
        let size = size_of::<Slot>() as u64;
        let (start, count) = (self.first + slots.start as u64 * size, slots.len() as u64);
        // Not giving it back costs memory and nothing else.
        let _ = self.heap.discard(start, count * size);
    }

    /// The slots that were ever touched, as ranges of their numbers: looking at the others would
    /// make memory for them.
    pub(super) fn touched(&self) -> io::Result<Vec<std::ops::Range<usize>>> {
        if !self.sparse {
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
