//! A stream's block: the header, then the bytes.
#![expect(unsafe_code, reason = "a view of a block of the heap")]

use std::io;
use std::ptr::NonNull;

use super::bytes::Bytes;
use super::layout::SIGNALS;
use super::primitive::{AtomicU32, AtomicU64, Ordering};
use super::spsc::damaged;
use crate::heap::{Heap, ObjectId, Signal, Size};

/// How a stream begins; the bytes follow.
#[repr(C)]
pub(super) struct Header {
    capacity: AtomicU64,
    /// See [`Stream::flow`].
    pub(super) flow: AtomicU32,
    _0: [u8; 52],
    pub(super) not_empty: Signal,
    _1: [u8; 48],
    pub(super) not_full: Signal,
    _2: [u8; 48],
    pub(super) tail: AtomicU64,
    /// The processor on which the sender last wrote.
    pub(super) processor: AtomicU32,
    _3: [u8; 52],
    pub(super) head: AtomicU64,
    _4: [u8; 120],
}

const HEADER: usize = size_of::<Header>();

const _: () = {
    assert!(HEADER == 384);
    assert!(std::mem::offset_of!(Header, not_empty) as u64 == SIGNALS[0]);
    assert!(std::mem::offset_of!(Header, not_full) as u64 == SIGNALS[1]);
};

/// Bytes a stream holds: room for many chunks, so that a side is busy while the other is being woken, and no more than fits into a
/// cache.
pub(super) const CAPACITY: u64 = 1 << 20;
/// No stream comes to this position; one that is at it is damaged.
const LAST: u64 = 1 << 62;

/// One side of a stream. Which one, its owner knows: a sender calls `write`, a receiver `read`.
pub(crate) struct Stream {
    pub(super) heap: &'static Heap,
    pub(super) header: &'static Header,
    pub(super) bytes: Bytes,
    pub(super) capacity: u64,
    /// This side's position.
    pub(super) mine: u64,
    /// The other side's, as last seen.
    pub(super) other: u64,
    /// There is room that the sender was not told of.
    pub(super) untold: bool,
}

#[derive(Debug, Clone, Copy)]
enum Side {
    Sender,
    Receiver,
}

impl Stream {
    pub(crate) fn size() -> Option<Size> {
        let bytes = HEADER + CAPACITY as usize;
        Size::of(std::alloc::Layout::from_size_align(bytes, 128).ok()?)
    }

    /// Makes a stream of a block that nobody else knows yet.
    pub(crate) fn init(heap: &Heap, object: ObjectId, zeroed: bool) -> io::Result<()> {
        let start = Stream::start(heap, object)?;
        if !zeroed {
            // SAFETY: within the block, which only this process knows.
            unsafe { start.as_ptr().write_bytes(0, HEADER) };
        }
        // SAFETY: in bounds and aligned; all-zero is a valid header.
        let header: &Header = unsafe { start.cast().as_ref() };
        // Relaxed: whoever gets to know the stream does so by a message, which orders this.
        header.capacity.store(CAPACITY, Ordering::Relaxed);
        Ok(())
    }

    /// Where a stream lies, all of it in its block.
    fn start(heap: &Heap, object: ObjectId) -> io::Result<NonNull<u8>> {
        let block = heap.block(object, 128)?;
        if block.size < HEADER as u64 + CAPACITY { Err(damaged()) } else { Ok(block.start) }
    }

    pub(crate) fn sender(heap: &'static Heap, object: ObjectId) -> io::Result<Stream> {
        Stream::view(heap, object, Side::Sender)
    }

    pub(crate) fn receiver(heap: &'static Heap, object: ObjectId) -> io::Result<Stream> {
        Stream::view(heap, object, Side::Receiver)
    }

    fn view(heap: &'static Heap, object: ObjectId, side: Side) -> io::Result<Stream> {
        let start = Stream::start(heap, object)?;
        // SAFETY: in bounds and aligned (`start`); a header is atomics and signals, for which every
        // bit pattern is valid. The heap is never unmapped.
        let header: &'static Header = unsafe { start.cast().as_ref() };
        let capacity = header.capacity.load(Ordering::Relaxed);
        if capacity != CAPACITY {
            return Err(damaged());
        }
        // SAFETY: within the block, which is mapped as long as the process lives, as just checked.
        let bytes = unsafe { Bytes::new(start.add(HEADER), CAPACITY) };
        // Acquire: the side's owner before this one, if there was another, is done with it. The head
        // first, so that the tail is not behind it.
        let head = header.head.load(Ordering::Acquire);
        let tail = header.tail.load(Ordering::Acquire);
        if tail > LAST || tail.checked_sub(head).is_none_or(|there| there > capacity) {
            return Err(damaged());
        }
        let (mine, other) = match side {
            Side::Sender => (tail, head),
            Side::Receiver => (head, tail),
        };
        Ok(Stream { heap, header, bytes, capacity, mine, other, untold: false })
    }
}
