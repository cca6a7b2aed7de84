//! Blocks of memory by size class.
//!
//! A block belongs to one object for ever, so a stale reference can at worst meet another value of
//! the same size. Free blocks are never merged: the address space is many times the memory, and
//! the pages of free blocks are given back: of large ones at once, of others by `trim.rs`.

use std::alloc::Layout as MemoryLayout;
use std::io;

use super::hold::{HoldId, Owner, Role};
use super::layout::{ProcessId, header};
use super::map::Heap;
use super::object::{
    CLEAN, Fields, Kind, ObjectId, damaged, exists, join, pack_state, unpack_state,
};
use super::transaction::Transaction;
use super::trim;
use crate::sys::memory::GIVES_BACK;

/// Four classes for each doubling, from 64 bytes up.
pub(super) const CLASSES: u8 = 4 * 35;
const SMALLEST: u64 = 64;
/// Blocks of this size and more give their pages back when they are freed.
const DISCARD_FROM: u64 = 1 << 20;
/// Large blocks start at a multiple of this, so that the system may use huge pages.
const LARGEST_ALIGN: u64 = 2 << 20;

/// The size of class 4n+k is 64 · 2ⁿ · (1 + k/4).
pub(super) fn class_size(class: u8) -> u64 {
    debug_assert!(class < CLASSES);
    let doubling = SMALLEST << (class / 4);
    doubling + doubling / 4 * u64::from(class % 4)
}

/// Whether blocks of the class may be free and still have memory.
pub(super) fn is_trimmed(class: u8) -> bool {
    class_size(class) <= trim::KEPT
}

/// Whether the block of such an object gives its pages back at once when it is freed. That of a parcel does not, while
/// not too much is free: the next message needs as much again.
pub(super) fn is_discarded(tx: &Transaction<'_>, kind: Kind, class: u8) -> bool {
    let is_kept = || is_trimmed(class) && tx.read(header::FREE_TOUCHED) <= trim::KEPT;
    class_size(class) >= DISCARD_FROM && !(kind == Kind::Parcel && is_kept())
}

/// What a block must hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    class: u8,
}

impl Size {
    /// `None` if it is larger than the largest class.
    pub(crate) fn of(layout: MemoryLayout) -> Option<Size> {
        let bytes = (layout.size() as u64).max(SMALLEST).max(layout.align() as u64);
        let doubling = (bytes / SMALLEST).ilog2() as u8;
        let first = doubling.checked_mul(4)?;
        (first..CLASSES.min(first.saturating_add(8)))
            .find(|class| class_size(*class) >= bytes && alignment(*class) >= layout.align() as u64)
            .map(|class| Size { class })
    }

    pub(crate) fn of_bytes(bytes: usize) -> Option<Size> {
        Size::of(MemoryLayout::from_size_align(bytes, 1).ok()?)
    }
}

/// Blocks of a class are aligned to the largest power of two that divides their size.
fn alignment(class: u8) -> u64 {
    (1u64 << class_size(class).trailing_zeros()).min(LARGEST_ALIGN)
}

/// A new object and its first hold.
#[derive(Debug)]
pub(crate) struct Allocated {
    pub(crate) object: ObjectId,
    pub(crate) hold: HoldId,
    /// The block was never used, or it is a large one whose pages were given back: it reads as zero.
    pub(crate) zeroed: bool,
}

/// What a new object is to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contents {
    pub(crate) kind: Kind,
    pub(crate) fingerprint: u64,
    pub(crate) length: u64,
}

impl Heap {
    /// A new object with one hold, which `owner` has. `handler` is the process that answers for the
    /// hold while no slot of its ring names it.
    pub(crate) fn allocate(
        &self,
        size: Size,
        contents: Contents,
        owner: Owner,
        role: Role,
        handler: ProcessId,
    ) -> io::Result<Allocated> {
        let mut tx = Transaction::begin(self);
        let (object, zeroed) = take(&mut tx, size.class, contents.kind)?;
        let fields = Fields::of(&self.layout, object);
        let (_, _, generation) = unpack_state(tx.read(fields.state()));
        tx.write(fields.state(), pack_state(contents.kind, size.class, generation));
        tx.write(fields.fingerprint(), contents.fingerprint);
        tx.write(fields.length(), contents.length);
        tx.write(fields.holds(), 0);
        tx.write(fields.roles(), 0);
        let hold = super::hold::create(&mut tx, object, owner, role)?;
        // Not part of the journal: see `Heap::set_handler`. The record is ours until the commit.
        self.set_handler(hold, handler);
        tx.commit();
        Ok(Allocated { object, hold, zeroed })
    }
}

fn free_list(class: u8) -> u64 {
    header::FREE_OBJECTS + u64::from(class) * 8
}

fn take(tx: &mut Transaction<'_>, class: u8, kind: Kind) -> io::Result<(ObjectId, bool)> {
    // Of a large ring, little may ever be touched.
    let is_large = class_size(class) >= DISCARD_FROM;
    let is_sparse = is_large && kind == Kind::Ring;
    let object = ObjectId(tx.read(free_list(class)) as u32);
    // What is not free, or nothing, stands there after damage only: then the rest of the list is lost.
    // One whose memory is being given back stays where it is, until another is freed or that is done.
    if is_free(tx, object) && !(is_trimmed(class) && trim::is_in_window(tx, object)) {
        let fields = Fields::of(&tx.heap().layout, object);
        let start = tx.read(fields.offset());
        if is_large && !is_sparse {
            // It may have been a ring's.
            tx.heap().commit(start, class_size(class))?;
        }
        let next = tx.read(fields.next_free());
        tx.write(free_list(class), next);
        let state = tx.read(fields.state());
        trim::uncount(tx, state);
        // A small one may have been a ring, and of a ring's last words some may be written once more, by
        // whoever carries out what a dead one left in the journal.
        return Ok((object, GIVES_BACK && state & CLEAN != 0 && is_large));
    }
    let layout = tx.heap().layout;
    let index = tx.read(header::OBJECTS) as u32;
    let start = tx.read(header::FRESH).checked_next_multiple_of(alignment(class));
    let end = start.and_then(|start| start.checked_add(class_size(class)));
    let (Some(start), Some(end)) = (start, end.filter(|end| *end <= layout.size)) else {
        return Err(full());
    };
    if index >= layout.objects {
        return Err(full());
    }
    let object = ObjectId(index);
    if !is_free(tx, object) || start < layout.blocks() {
        return Err(damaged());
    }
    if !is_sparse {
        tx.heap().commit(start, end - start)?;
    }
    tx.write(header::OBJECTS, u64::from(index) + 1);
    tx.write(header::FRESH, end);
    tx.write(Fields::of(&layout, object).offset(), start);
    Ok((object, true))
}

fn is_free(tx: &Transaction<'_>, object: ObjectId) -> bool {
    object.0 != 0 && object.0 < tx.heap().layout.objects && !exists(tx, object)
}

fn full() -> io::Error {
    io::Error::new(io::ErrorKind::OutOfMemory, "the program's heap is full")
}

/// Puts an object without holds on its class's free list. A generation later it may be another. `clean`: its
/// block has no memory any more.
pub(super) fn free(tx: &mut Transaction<'_>, object: ObjectId, clean: bool) {
    let fields = Fields::of(&tx.heap().layout, object);
    let (_, class, generation) = unpack_state(tx.read(fields.state()));
    let state = pack_state(Kind::Free, class, generation.wrapping_add(1));
    tx.write(fields.state(), if clean { state | CLEAN } else { state });
    tx.write(fields.holds(), join(0, 0));
    let next = tx.read(free_list(class));
    tx.write(fields.next_free(), next);
    tx.write(free_list(class), u64::from(object.0));
    if !clean {
        tx.update(header::FREE_TOUCHED, |bytes| bytes.saturating_add(class_size(class)));
    }
}

#[cfg(test)]
mod tests {
    use super::{CLASSES, Size, class_size};
    use std::alloc::Layout;

    #[test]
    fn classes_grow_by_at_most_a_third_of_what_is_asked() {
        for class in 1..CLASSES {
            assert!(class_size(class) > class_size(class - 1));
            assert!(class_size(class) * 4 <= class_size(class - 1) * 5);
        }
    }

    #[test]
    fn a_size_is_served_by_the_smallest_class_that_is_large_and_aligned_enough() {
        let class = |size, align| {
            let size =
                Size::of(Layout::from_size_align(size, align).expect("valid")).expect("fits");
            class_size(size.class)
        };
        assert_eq!(class(1, 1), 64);
        assert_eq!(class(65, 1), 80);
        assert_eq!(class(65, 64), 128);
        assert_eq!(class(4096, 4096), 4096);
        assert_eq!(class(4097, 4096), 8192);
        assert!(Size::of_bytes(usize::MAX / 2).is_none());
    }
}
