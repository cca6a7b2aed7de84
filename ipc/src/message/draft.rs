//! A large message, written where it will lie.
#![expect(unsafe_code, reason = "writes the blocks of parcels")]

use std::io;
use std::ptr::NonNull;

use crate::heap::{Contents, HoldId, Kind, ObjectId, Owner, Role, Size, damaged};
use crate::program::Program;

/// More bytes than this are not collected in private memory first: its pages would cost more than all that is done
/// with them, and what is written there would have to be copied.
pub(super) const SPILL: usize = 512 << 10;

/// Why a message got no parcel.
#[derive(Debug)]
pub(crate) enum TooLarge {
    /// No block is as large as the message.
    Message,
    /// The heap is full.
    Heap(io::Error),
}

/// A parcel of this process that is not complete. Dropped, it is released.
#[derive(Debug)]
pub(super) struct Draft {
    program: &'static Program,
    object: ObjectId,
    hold: HoldId,
    start: NonNull<u8>,
    /// How many bytes the block holds, how many were written, and how many it says there are.
    size: usize,
    len: usize,
    length: usize,
}

// SAFETY: the block is this process's alone, is written through `&mut` only, and any thread may release it.
unsafe impl Send for Draft {}
// SAFETY: as above.
unsafe impl Sync for Draft {}

impl Draft {
    /// An empty one, for that many bytes if it is not known better.
    #[inline]
    pub(super) fn begin(program: &'static Program, length: usize) -> Result<Draft, TooLarge> {
        let Program { heap, me, .. } = program;
        let size = Size::of_bytes(length).ok_or(TooLarge::Message)?;
        let contents = Contents { kind: Kind::Parcel, fingerprint: 0, length: length as u64 };
        let new = heap
            .allocate(size, contents, Owner::Process(*me), Role::Plain, *me)
            .map_err(TooLarge::Heap)?;
        let (object, hold, start) = (new.object, new.hold, NonNull::dangling());
        let mut draft = Draft { program, object, hold, start, size: 0, len: 0, length };
        let block = heap.block(object, 1).map_err(TooLarge::Heap)?;
        if block.size < length as u64 {
            return Err(TooLarge::Heap(damaged()));
        }
        (draft.start, draft.size) = (block.start, block.size as usize);
        Ok(draft)
    }

    #[inline]
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), TooLarge> {
        if bytes.len() > self.size - self.len {
            self.grow(bytes.len())?;
        }
        self.write(bytes);
        Ok(())
    }

    /// Moves to a larger block.
    #[cold]
    fn grow(&mut self, more: usize) -> Result<(), TooLarge> {
        let needed = self.len.checked_add(more).ok_or(TooLarge::Message)?;
        // Twice as much, so that all the copies together are no more than the message; as much as is needed if
        // there is no such block.
        let mut larger = Draft::begin(self.program, needed.max(self.size.saturating_mul(2)))
            .or_else(|_| Draft::begin(self.program, needed))?;
        larger.write(self.written());
        *self = larger;
        Ok(())
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        assert!(bytes.len() <= self.size - self.len, "there is room for it");
        // SAFETY: within the block, which only this process uses until somebody is told of the parcel, and which is
        // no part of `bytes`: that is either private memory or another block.
        unsafe {
            let end = self.start.as_ptr().add(self.len);
            end.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
        self.len += bytes.len();
    }

    pub(super) fn written(&self) -> &[u8] {
        // SAFETY: that much was written, and nobody else uses the block.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// The parcel is complete.
    #[inline]
    pub(super) fn finish(self) -> (ObjectId, HoldId) {
        if self.len != self.length {
            self.program.heap.set_length(self.object, self.len as u64);
        }
        let parcel = (self.object, self.hold);
        std::mem::forget(self);
        parcel
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let Program { heap, me, .. } = self.program;
        heap.release(self.hold, Owner::Process(*me), *me);
    }
}

#[cfg(test)]
mod tests {
    use super::SPILL;
    use crate::message::Parcel;

    #[test]
    fn a_message_of_any_size_in_parts_of_any_size_is_what_was_put() {
        const SIZES: [usize; 6] = [0, 1, SPILL - 10, SPILL, SPILL + 1, 3 * SPILL];
        let parts = SIZES.map(|size| "abcdefghijk".repeat(size / 11 + 1)[..size].to_owned());
        for first in &parts {
            // Byte by byte.
            let bytes = &first.as_bytes()[..first.len().min(SPILL + 1)];
            for second in &parts {
                let parcel = Parcel::encode((first, second)).expect("room");
                assert!(parcel.decode() == Ok((first.clone(), second.clone())));
            }
            let parcel = Parcel::encode((bytes, first, bytes)).expect("room");
            assert!(parcel.decode() == Ok((bytes.to_vec(), first.clone(), bytes.to_vec())));
        }
    }
}
