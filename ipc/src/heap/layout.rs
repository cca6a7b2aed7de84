//! Where everything lies in the heap. All positions are byte offsets from its start.

use std::fmt;

/// Tells a heap of ours from other memory, and one layout of it from the next.
pub(super) const MAGIC: u64 = u64::from_le_bytes(*b"tandem01");

/// Header words, one each.
pub(super) mod header {
    pub(in crate::heap) const MAGIC: u64 = 0;
    pub(in crate::heap) const SIZE: u64 = 8;
    /// The robust lock over all bookkeeping (40 bytes).
    pub(in crate::heap) const LOCK: u64 = 64;
    /// Offset of the first byte never handed out yet.
    pub(in crate::heap) const FRESH: u64 = 128;
    /// Objects and holds numbered so far. Number 0 is never used: 0 means none.
    pub(in crate::heap) const OBJECTS: u64 = 136;
    pub(in crate::heap) const HOLDS: u64 = 144;
    /// First free hold record.
    pub(in crate::heap) const FREE_HOLD: u64 = 152;
    /// Places of the process table used so far.
    pub(in crate::heap) const PROCESSES: u64 = 160;
    /// The process that gives back memory of free blocks at the moment, or 0.
    pub(in crate::heap) const TRIMMER: u64 = 168;
    /// The objects whose blocks it looks at: {first, end}. The next one goes on behind them.
    pub(in crate::heap) const WINDOW: u64 = 176;
    /// Bytes of free blocks that were not given back.
    pub(in crate::heap) const FREE_TOUCHED: u64 = 184;
    /// First free object of each size class, one word a class.
    pub(in crate::heap) const FREE_OBJECTS: u64 = 256;
    /// The robust lock that lets one process at a time sweep the dead (40 bytes).
    pub(in crate::heap) const SWEEP_LOCK: u64 = 1408;
    /// Moves whenever a process has been swept, and wakes those who wait for what it had (one word).
    pub(in crate::heap) const DEATHS: u64 = 1472;
    /// The bells of those who sleep at several rings at once.
    pub(in crate::heap) const BELLS: u64 = 8192;
    /// How many changes the journal holds; it counts once this is not zero.
    pub(in crate::heap) const JOURNAL_LEN: u64 = 2048;
    /// The journal: pairs of {offset, value}.
    pub(in crate::heap) const JOURNAL: u64 = 2056;
}

/// Room for the bells.
pub(super) const BELLS_ROOM: u64 = PROCESSES - header::BELLS;

/// Changes one transaction can make.
pub(super) const JOURNAL_CAPACITY: usize = 32;

/// Processes a program can have at one time.
pub(crate) const MAX_PROCESSES: u32 = 4096;

const PROCESSES: u64 = 16 << 10;
const PROCESS_SIZE: u64 = 128;
const TABLES: u64 = 1 << 20;
pub(super) const OBJECT_SIZE: u64 = 64;
const HOLD_SIZE: u64 = 32;
/// An object and two holds share a record, so that the tables are in use from one end: every part of
/// the heap that a new process comes to costs it a page fault.
const RECORD_SIZE: u64 = OBJECT_SIZE + 2 * HOLD_SIZE;

/// The tables that grow with the heap.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) size: u64,
    /// Capacity of the object table; of the hold table twice that.
    pub(super) objects: u32,
}

impl Layout {
    /// One object for every 64 KiB of address space, so 16 M in a heap of 1 TiB; the tables then
    /// take 1/512 of the address space, and memory only where they are used.
    pub(super) fn new(size: u64) -> Layout {
        Layout { size, objects: u32::try_from(size >> 16).unwrap_or(u32::MAX) }
    }

    pub(super) fn holds(&self) -> u32 {
        self.objects.saturating_mul(2)
    }

    pub(super) fn object(&self, index: u32) -> u64 {
        TABLES + u64::from(index) * RECORD_SIZE
    }

    pub(super) fn hold(&self, index: u32) -> u64 {
        self.object(index / 2) + OBJECT_SIZE + u64::from(index % 2) * HOLD_SIZE
    }

    /// Whether transactions change the word at `offset`: not those of the locks, nor of the journal.
    pub(super) fn is_bookkeeping(&self, offset: u64) -> bool {
        (header::FRESH..header::SWEEP_LOCK).contains(&offset)
            || (PROCESSES..self.blocks()).contains(&offset)
    }

    /// Where blocks begin.
    pub(super) fn blocks(&self) -> u64 {
        self.object(self.objects).next_multiple_of(2 << 20)
    }
}

/// The record of a process, which is also the byte of its life mark.
pub(super) fn process(slot: u32) -> u64 {
    PROCESSES + u64::from(slot) * PROCESS_SIZE
}

/// Names one process of the program: its place in the process table and how often that place was
/// used before. Never zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProcessId(u32);

impl ProcessId {
    const SLOT_BITS: u32 = MAX_PROCESSES.trailing_zeros();

    pub(crate) fn new(slot: u32, generation: u32) -> ProcessId {
        ProcessId(generation << Self::SLOT_BITS | slot)
    }

    /// `None` for zero and for a slot that does not exist.
    pub(crate) fn from_raw(raw: u32) -> Option<ProcessId> {
        (raw >> Self::SLOT_BITS != 0).then_some(ProcessId(raw))
    }

    pub(crate) fn raw(self) -> u32 {
        self.0
    }

    pub(crate) fn slot(self) -> u32 {
        self.0 & (MAX_PROCESSES - 1)
    }

    pub(crate) fn generation(self) -> u32 {
        self.0 >> Self::SLOT_BITS
    }

    /// The generation after this one; it wraps, but never to zero.
    pub(super) fn next_generation(generation: u32) -> u32 {
        let next = generation.wrapping_add(1) & (u32::MAX >> Self::SLOT_BITS);
        next.max(1)
    }
}

impl fmt::Debug for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProcessId({}.{})", self.slot(), self.generation())
    }
}
