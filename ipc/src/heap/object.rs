//! Objects: a block of memory, what it holds and how many holds it has.
//!
//! ```text
//! word 0   kind (8) | size class (8) | clean (1) | unused (15) | generation (32)
//! word 1   offset of the block; an object keeps its block for ever, in use or free
//! word 2   fingerprint of the type that lies in it
//! word 3   length: elements of a slice, bytes of a message
//! word 4   holds on it (32) | first hold that it owns (32)
//! word 5   holds that may send (32) | holds that may receive (32)
//! word 6   next free object of its class
//! ```

use std::io;
use std::ptr::NonNull;

use super::alloc::{CLASSES, class_size};
use super::hold::Role;
use super::layout::{Layout, OBJECT_SIZE};
use super::map::Heap;
use super::transaction::Transaction;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// On its class's free list.
    Free = 0,
    /// A value of the user's.
    Value = 1,
    /// An encoded message; it may own holds, which travel in it.
    Parcel = 2,
    /// A ring of message slots; it owns the parcels that are under way in it.
    Ring = 3,
    /// A stream of bytes from one sender to one receiver; it owns the parcels that are under way in it.
    Stream = 5,
    /// Its last hold was released; what it owns is being released.
    Dead = 4,
}

impl Kind {
    fn from_raw(raw: u8) -> Kind {
        match raw {
            1 => Kind::Value,
            2 => Kind::Parcel,
            3 => Kind::Ring,
            4 => Kind::Dead,
            5 => Kind::Stream,
            // Any other is damage: nothing that anybody could have.
            _ => Kind::Free,
        }
    }
}

/// Names an object by its place in the table. Valid while somebody has a hold on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ObjectId(pub(super) u32);

/// The memory of an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    pub(crate) start: NonNull<u8>,
    /// Where it lies in the heap.
    pub(crate) offset: u64,
    pub(crate) size: u64,
}

/// Whether the object is in the table and somebody's: what a damaged record names may not be.
pub(super) fn exists(tx: &Transaction<'_>, object: ObjectId) -> bool {
    let layout = &tx.heap().layout;
    let kind = || unpack_state(tx.read(Fields::of(layout, object).state())).0;
    object.0 != 0 && object.0 < layout.objects && kind() != Kind::Free
}

/// Says that the heap's own words make no sense.
pub(crate) fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the program's shared memory is damaged")
}

/// Offsets of an object's words.
#[derive(Clone, Copy)]
pub(super) struct Fields(u64);

impl Fields {
    /// What is not in the table has the record of none, number 0, in which nothing is ever looked for.
    pub(super) fn of(layout: &Layout, object: ObjectId) -> Fields {
        let at = layout.object(if object.0 < layout.objects { object.0 } else { 0 });
        debug_assert!(at.is_multiple_of(OBJECT_SIZE));
        Fields(at)
    }

    pub(super) fn state(self) -> u64 {
        self.0
    }
    pub(super) fn offset(self) -> u64 {
        self.0 + 8
    }
    pub(super) fn fingerprint(self) -> u64 {
        self.0 + 16
    }
    pub(super) fn length(self) -> u64 {
        self.0 + 24
    }
    pub(super) fn holds(self) -> u64 {
        self.0 + 32
    }
    pub(super) fn roles(self) -> u64 {
        self.0 + 40
    }
    pub(super) fn next_free(self) -> u64 {
        self.0 + 48
    }
}

/// Set in word 0 of a free object whose block has no memory any more.
pub(super) const CLEAN: u64 = 1 << 16;

pub(super) fn pack_state(kind: Kind, class: u8, generation: u32) -> u64 {
    kind as u64 | u64::from(class) << 8 | u64::from(generation) << 32
}

pub(super) fn unpack_state(state: u64) -> (Kind, u8, u32) {
    let class = ((state >> 8) as u8).min(CLASSES - 1);
    (Kind::from_raw(state as u8), class, (state >> 32) as u32)
}

/// Two halves of a word: {low, high}.
pub(super) fn halves(word: u64) -> (u32, u32) {
    (word as u32, (word >> 32) as u32)
}

pub(super) fn join(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// Adds or takes away one hold of `role`, and wakes a ring's other side when the last or the last
/// but one of its holds goes (a queue's last handle must notice that it is alone).
pub(super) fn count_role(tx: &mut Transaction<'_>, object: ObjectId, role: Role, add: bool) {
    let fields = Fields::of(&tx.heap().layout, object);
    let step = |count: u32, counted: bool| match (counted, add) {
        (false, _) => count,
        (true, true) => count.saturating_add(1),
        (true, false) => count.saturating_sub(1),
    };
    let (senders, receivers) = halves(tx.read(fields.roles()));
    let left = (step(senders, role.sends()), step(receivers, role.receives()));
    tx.write(fields.roles(), join(left.0, left.1));
    let (kind, _, _) = unpack_state(tx.read(fields.state()));
    if matches!(kind, Kind::Ring | Kind::Stream) && !add && (left.0 <= 1 || left.1 <= 1) {
        let block = tx.read(fields.offset());
        for signal in crate::ring::SIGNALS {
            tx.wake(block.wrapping_add(signal));
        }
    }
}

impl ObjectId {
    /// No object: nothing is ever owned by it.
    pub(crate) const NONE: ObjectId = ObjectId(0);
}

impl Heap {
    fn fields(&self, object: ObjectId) -> Fields {
        Fields::of(&self.layout, object)
    }

    /// The object's block. The caller has a hold on the object.
    ///
    /// # Errors
    /// What the table says of it is damaged: it is not all among the blocks, or not aligned to `align`.
    pub(crate) fn block(&self, object: ObjectId, align: usize) -> io::Result<Block> {
        let fields = self.fields(object);
        let (_, class, _) = unpack_state(self.load(fields.state()));
        let (offset, size) = (self.load(fields.offset()), class_size(class));
        let start = self.checked(offset, size, align as u64);
        let start = start.filter(|_| offset >= self.layout.blocks()).ok_or_else(damaged)?;
        Ok(Block { start, offset, size })
    }

    pub(crate) fn kind(&self, object: ObjectId) -> Kind {
        unpack_state(self.load(self.fields(object).state())).0
    }

    pub(crate) fn fingerprint(&self, object: ObjectId) -> u64 {
        self.load(self.fields(object).fingerprint())
    }

    pub(crate) fn length(&self, object: ObjectId) -> u64 {
        self.load(self.fields(object).length())
    }

    /// Of an object that its only owner has not told anybody of.
    pub(crate) fn set_length(&self, object: ObjectId, length: u64) {
        let mut tx = Transaction::begin(self);
        tx.write(self.fields(object).length(), length);
        tx.commit();
    }

    pub(crate) fn hold_count(&self, object: ObjectId) -> u32 {
        halves(self.load(self.fields(object).holds())).0
    }

    /// Holds that may send to a ring, and holds that may receive from it.
    #[inline]
    pub(crate) fn roles(&self, object: ObjectId) -> (u32, u32) {
        halves(self.load(self.fields(object).roles()))
    }
}
