//! The mapping itself: checked words for the bookkeeping, checked blocks for everybody else.
#![expect(unsafe_code, reason = "turns offsets into references into shared memory")]

use std::io;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crossbeam_utils::CachePadded;
use sync_prims::process::{self, Witness};
use sync_prims::raw::{EventCount, RobustGuard, RobustMutex};

use super::layout::{Layout, MAGIC, header};
use super::object::{Block, ObjectId, damaged};
use super::signal::{Bells, Signal};
use crate::sys::memory::{self, Map, Memory};

/// Address space of a new heap. A machine or limit that does not allow it gets half, and so on.
const LARGEST: u64 = 1 << 40;
const SMALLEST: u64 = 1 << 30;

/// The program's heap as this process sees it. Lives as long as the process.
#[derive(Debug)]
pub(crate) struct Heap {
    memory: Memory,
    map: Map,
    pub(super) layout: Layout,
    /// What this process has freed; see `trim.rs`.
    pub(super) freed: CachePadded<AtomicU64>,
}

impl Heap {
    /// The heap of a new program.
    pub(crate) fn create() -> io::Result<Heap> {
        // A power of two, within what the process may make.
        let mut size = 1 << LARGEST.min(memory::largest().max(SMALLEST)).ilog2();
        let (memory, map) = loop {
            let memory = memory::create(size)?;
            match memory::map(&memory, size) {
                Ok(map) => break (memory, map),
                Err(_) if size > SMALLEST => size /= 2,
                Err(error) => return Err(error),
            }
        };
        let heap = Heap { memory, map, layout: Layout::new(size), freed: AtomicU64::new(0).into() };
        for (at, value) in [
            (header::SIZE, size),
            (header::FRESH, heap.layout.blocks()),
            (header::OBJECTS, 1),
            (header::HOLDS, 1),
            (header::MAGIC, MAGIC),
        ] {
            // Relaxed: nobody else has the memory yet.
            heap.word(at).store(value, std::sync::atomic::Ordering::Relaxed);
        }
        Ok(heap)
    }

    /// The heap of a program that this process was started into.
    pub(crate) fn open(memory: Memory) -> io::Result<Heap> {
        let refuse = |why| io::Error::new(io::ErrorKind::InvalidData, why);
        let size = memory::sealed_size(&memory)?;
        if size < SMALLEST {
            return Err(refuse("the memory that was handed over is no heap"));
        }
        let map = memory::map(&memory, size)?;
        let heap = Heap { memory, map, layout: Layout::new(size), freed: AtomicU64::new(0).into() };
        if heap.load(header::MAGIC) != MAGIC || heap.load(header::SIZE) != size {
            return Err(refuse("the memory that was handed over is no heap"));
        }
        Ok(heap)
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The whole mapping.
    pub(crate) fn whole(&self) -> Range<*const u8> {
        let start = self.map.as_ptr();
        start..start.wrapping_add(self.map.len())
    }

    /// Lets locks in the heap be handed on when their owner dies. Called once.
    pub(crate) fn register_locks(self: &Arc<Self>, witness: Arc<dyn Witness>) -> io::Result<()> {
        // SAFETY: the whole mapping, which the program keeps until the process ends, and so outlives
        // every guard. Blocks in it that a guard is held in are not used for anything else, see
        // `guard_held_in`.
        unsafe { process::register(self.whole(), witness) }
    }

    /// Whether a thread of this process holds a lock in the object's block, by a guard that was
    /// forgotten, if nobody refers to the object any more.
    pub(crate) fn guard_held_in(&self, object: ObjectId) -> bool {
        let Ok(Block { start, size, .. }) = self.block(object, 1) else { return false };
        let start = start.as_ptr().cast_const();
        process::guard_held_in(start..start.wrapping_add(size as usize))
    }

    /// The start of `len` bytes at `offset`, aligned to `align`; `None` outside the heap.
    pub(super) fn checked(&self, offset: u64, len: u64, align: u64) -> Option<NonNull<u8>> {
        let inside = offset.checked_add(len).is_some_and(|end| end <= self.layout.size);
        // SAFETY: the offset was just checked to lie within the mapping.
        (inside && offset.is_multiple_of(align))
            .then(|| unsafe { NonNull::new_unchecked(self.map.as_mut_ptr().add(offset as usize)) })
    }

    /// The same for an offset that follows from the layout alone.
    fn at(&self, offset: u64, len: u64, align: u64) -> NonNull<u8> {
        self.checked(offset, len, align).expect("the layout lies within the heap")
    }

    pub(super) fn word(&self, offset: u64) -> &AtomicU64 {
        // SAFETY: in bounds and aligned (checked by `at`), mapped for as long as `self`, and every
        // process touches bookkeeping words only as atomics.
        unsafe { self.at(offset, 8, 8).cast().as_ref() }
    }

    /// A word as it is now; consistent with others only under the lock.
    pub(super) fn load(&self, offset: u64) -> u64 {
        // Acquire pairs with the Release of `Transaction::apply`.
        self.word(offset).load(std::sync::atomic::Ordering::Acquire)
    }

    /// Writes a word as somebody might who has no business there.
    #[cfg(test)]
    pub(crate) fn poke(&self, offset: u64, value: u64) {
        self.word(offset).store(value, std::sync::atomic::Ordering::Relaxed);
    }

    /// The same for reading.
    #[cfg(test)]
    pub(crate) fn peek(&self, offset: u64) -> u64 {
        self.load(offset)
    }

    pub(super) fn lock(&self) -> RobustGuard<'_> {
        self.mutex(header::LOCK)
    }

    /// Lets one sweep at a time go on in the whole program. A sweep that dies leaves nothing that
    /// the next one cannot do again.
    pub(crate) fn lock_sweep(&self) -> RobustGuard<'_> {
        self.mutex(header::SWEEP_LOCK)
    }

    /// Told of every process that has been swept.
    pub(crate) fn deaths(&self) -> &EventCount {
        self.event_count(header::DEATHS)
    }

    fn mutex(&self, offset: u64) -> RobustGuard<'_> {
        // SAFETY: in bounds, aligned; all-zero is a new mutex; the heap is never unmapped while the
        // process lives, so the mapping outlives the guard.
        unsafe { self.at(offset, 40, 8).cast::<RobustMutex>().as_ref().lock() }
    }

    /// The event count at `offset`; all-zero is a new one.
    fn event_count(&self, offset: u64) -> &EventCount {
        // SAFETY: in bounds and aligned; an event count is one atomic word.
        unsafe { self.at(offset, 4, 4).cast().as_ref() }
    }

    /// The word that the journal names, if it is one of the bookkeeping's.
    pub(super) fn named_word(&self, offset: u64) -> Option<&AtomicU64> {
        if !self.layout.is_bookkeeping(offset) {
            return None;
        }
        // SAFETY: as in `word`.
        Some(unsafe { self.checked(offset, 8, 8)?.cast().as_ref() })
    }

    /// The signal that the journal names, if it lies among the blocks; all-zero is a new one.
    pub(super) fn named_signal(&self, offset: u64) -> Option<&Signal> {
        if offset < self.layout.blocks() {
            return None;
        }
        // SAFETY: in bounds and aligned; a signal is two atomic words.
        Some(unsafe { self.checked(offset, size_of::<Signal>() as u64, 8)?.cast().as_ref() })
    }

    pub(super) fn bells(&self) -> &Bells {
        // SAFETY: in bounds and aligned; bells are atomic words, and all-zero ones are new.
        unsafe {
            self.at(header::BELLS, size_of::<Bells>() as u64, align_of::<Bells>() as u64)
                .cast()
                .as_ref()
        }
    }

    /// How much address space the heap has.
    pub(crate) fn size(&self) -> u64 {
        self.layout.size
    }

    /// The parts of a range that have memory.
    pub(crate) fn touched(&self, range: Range<u64>) -> io::Result<Vec<Range<u64>>> {
        memory::touched(&self.memory, &self.map, range)
    }

    /// Whether any part of a range has memory.
    pub(super) fn is_touched(&self, range: Range<u64>) -> io::Result<bool> {
        memory::is_touched(&self.memory, &self.map, range)
    }

    /// Makes sure that a range can be used, also by the system on behalf of a process.
    pub(super) fn commit(&self, offset: u64, len: u64) -> io::Result<()> {
        let end = offset.checked_add(len).filter(|end| *end <= self.layout.size);
        memory::commit(&self.map, offset..end.ok_or_else(damaged)?)
    }

    /// Gives pages back to the system.
    pub(crate) fn discard(&self, offset: u64, len: u64) -> io::Result<()> {
        memory::discard(&self.memory, &self.map, offset..offset + len)
    }
}
