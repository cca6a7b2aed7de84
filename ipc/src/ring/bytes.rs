//! The bytes of a stream, at positions that go round.
#![expect(unsafe_code, reason = "copies bytes to and from shared memory")]

use std::mem::MaybeUninit;
use std::ptr::NonNull;

/// A place for a power of two of bytes. Which of them a side may touch, the stream's positions say.
pub(super) struct Bytes {
    start: NonNull<u8>,
    capacity: u64,
}

// SAFETY: the memory stays mapped as long as the process lives, and is touched through the two methods
// only, whose callers answer for that.
unsafe impl Send for Bytes {}
// SAFETY: as above.
unsafe impl Sync for Bytes {}

impl Bytes {
    /// # Safety
    /// From `start` on there are `capacity` bytes, a power of two, as long as the process lives.
    pub(super) unsafe fn new(start: NonNull<u8>, capacity: u64) -> Bytes {
        Bytes { start, capacity }
    }

    /// The place of a position, and how many bytes are left before the end.
    fn place(&self, at: u64) -> (*mut u8, usize) {
        let offset = (at & (self.capacity - 1)) as usize;
        // SAFETY: the offset is less than the capacity.
        (unsafe { self.start.as_ptr().add(offset) }, self.capacity as usize - offset)
    }

    /// Copies `from` to the bytes from position `at` on.
    ///
    /// # Safety
    /// They are at most all there are, and the caller's: no other side touches them.
    pub(super) unsafe fn copy_in(&self, at: u64, from: &[u8]) {
        let (place, left) = self.place(at);
        let (first, rest) = from.split_at(from.len().min(left));
        // SAFETY: both parts lie within the bytes and are the caller's; as they are no more than all,
        // the second part does not reach the first.
        unsafe {
            place.copy_from_nonoverlapping(first.as_ptr(), first.len());
            self.start.as_ptr().copy_from_nonoverlapping(rest.as_ptr(), rest.len());
        }
    }

    /// Fills all of `into` from position `at` on.
    ///
    /// # Safety
    /// As for [`copy_in`](Bytes::copy_in), but that others may read them, too.
    pub(super) unsafe fn copy_out(&self, at: u64, into: &mut [MaybeUninit<u8>]) {
        let (place, left) = self.place(at);
        let split = into.len().min(left);
        let (first, rest) = into.split_at_mut(split);
        // SAFETY: both parts lie within the bytes and are the caller's.
        unsafe {
            first.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(place, first.len());
            rest.as_mut_ptr()
                .cast::<u8>()
                .copy_from_nonoverlapping(self.start.as_ptr(), rest.len());
        }
    }
}
