//! A stream of bytes from one sender to one receiver.
//!
//! Lamport's ring (L. Lamport, "Specifying concurrent program modules", 1983) with cached indices, as
//! in the FastFlow and folly queues: each side keeps its own position and a copy of the other's, and
//! looks at the other's only when the copy does not do. What was written becomes visible by one
//! store of `tail`, so a sender that dies leaves what it had published and nothing else.
//!
//! The bytes are *chunks*: a word {length (32), flags (32)} and the payload, padded to eight.
#![expect(unsafe_code, reason = "copies bytes to and from shared memory")]

use std::io;
use std::mem::MaybeUninit;

use super::primitive::{AtomicU32, Ordering};
use super::stream::Stream;
use crate::heap::Signal;
use crate::sys::processor;

/// The largest payload of a chunk: both sides work on a long message at the same time.
const LARGEST_CHUNK: usize = 64 << 10;
/// A chunk's own word.
const WORD: u64 = 8;

/// What the receiver of a stream is doing, as far as its sender has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Nothing that matters.
    Free = 0,
    /// It sleeps for ever, and is the only one who could send on the stream in the other direction.
    Blocked = 1,
    /// It is blocked, and its sender says that it is, too.
    Asked = 2,
    /// It is blocked, and its sender was, too, and has gone to say so.
    Deadlocked = 3,
}

impl Flow {
    fn from_raw(raw: u32) -> Flow {
        match raw {
            0 => Flow::Free,
            1 => Flow::Blocked,
            2 => Flow::Asked,
            _ => Flow::Deadlocked,
        }
    }
}

/// A piece of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) flags: u32,
    pub(crate) len: u32,
}

impl Stream {
    /// The largest payload that goes out in one chunk.
    pub(crate) fn largest_chunk(&self) -> usize {
        (self.capacity as usize / 4).min(LARGEST_CHUNK)
    }

    /// Room for a chunk with so many bytes. One word more is always kept free, so that a message can be
    /// called off.
    pub(crate) fn has_room(&mut self, len: usize) -> io::Result<bool> {
        let needed = 2 * WORD + padded(len as u64);
        if self.capacity - (self.mine - self.other) >= needed {
            return Ok(true);
        }
        // Acquire pairs with the Release of `consume`: the receiver is done with those bytes.
        let head = self.header.head.load(Ordering::Acquire);
        let used = self.mine.checked_sub(head).filter(|used| *used <= self.capacity);
        let used = used.ok_or_else(damaged)?;
        self.other = head;
        Ok(self.capacity - used >= needed)
    }

    /// Room for a message with so many bytes, in all its chunks.
    pub(crate) fn has_room_for_all(&mut self, len: usize) -> io::Result<bool> {
        let chunks = len.div_ceil(self.largest_chunk()).max(1);
        let needed = padded(len as u64) + chunks as u64 * WORD;
        Ok(needed + WORD <= self.capacity && self.has_room((needed - WORD) as usize)?)
    }

    /// Whether no more than so many words are under way.
    pub(crate) fn has_at_most(&mut self, words: usize) -> io::Result<bool> {
        self.has_room(self.all_room().saturating_sub(words * WORD as usize))
    }

    /// There is room for a payload of so many bytes when nothing is under way, and for no more.
    pub(crate) fn all_room(&self) -> usize {
        (self.capacity - 2 * WORD) as usize
    }

    /// Writes a chunk, for which there is room, and publishes it.
    pub(crate) fn write(&mut self, flags: u32, payload: &[u8]) {
        let word = payload.len() as u64 | u64::from(flags) << 32;
        // SAFETY: there is room (`has_room`), which is the sender's until it is published.
        unsafe {
            self.bytes.copy_in(self.mine, &word.to_ne_bytes());
            self.bytes.copy_in(self.mine + WORD, payload);
        }
        self.mine += WORD + padded(payload.len() as u64);
        // Relaxed: a hint for a receiver that waits.
        self.header.processor.store(processor::current(), Ordering::Relaxed);
        // Release pairs with the Acquire in `next`.
        self.header.tail.store(self.mine, Ordering::Release);
        self.header.not_empty.notify(self.heap, u32::MAX);
    }

    /// The next chunk, if one was published. Its length was checked against what was published.
    pub(crate) fn next(&mut self) -> io::Result<Option<Chunk>> {
        if self.other - self.mine < WORD {
            self.tell_of_room();
            // Acquire pairs with the Release of `write`: the bytes up to there are written.
            let tail = self.header.tail.load(Ordering::Acquire);
            let there = tail.checked_sub(self.mine).filter(|there| *there <= self.capacity);
            let there = there.ok_or_else(damaged)?;
            self.other = tail;
            if there < WORD {
                return Ok(None);
            }
        }
        let mut word = [MaybeUninit::<u8>::uninit(); 8];
        // SAFETY: published, and so the receiver's until it lets go of it; `copy_out` fills all of it.
        let word = unsafe {
            self.bytes.copy_out(self.mine, &mut word);
            word.map(|byte| byte.assume_init())
        };
        let word = u64::from_ne_bytes(word);
        let chunk = Chunk { flags: (word >> 32) as u32, len: word as u32 };
        if WORD + padded(chunk.len.into()) > self.other - self.mine {
            return Err(damaged());
        }
        Ok(Some(chunk))
    }

    /// Copies the payload of the chunk that `next` told of to the end of `into`, and lets go of it. The
    /// sender is told no later than at the next [`tell_of_room`](Stream::tell_of_room).
    pub(crate) fn read(&mut self, chunk: Chunk, into: &mut Vec<u8>) {
        into.reserve(chunk.len as usize);
        let (end, place) = (into.len() + chunk.len as usize, into.spare_capacity_mut());
        // SAFETY: published (`next` checked the length) and so the receiver's. The new end is within the
        // capacity, and `copy_out` has filled what is new.
        unsafe {
            self.bytes.copy_out(self.mine + WORD, &mut place[..chunk.len as usize]);
            into.set_len(end);
        }
        self.let_go(chunk);
    }

    /// The same to a place that is as long as the chunk.
    pub(crate) fn read_into(&mut self, chunk: Chunk, place: &mut [u8]) {
        assert!(place.len() == chunk.len as usize, "a place for exactly this chunk");
        // SAFETY: the same bytes, of which `copy_out` makes none uninitialised.
        let place = unsafe { &mut *(std::ptr::from_mut(place) as *mut [MaybeUninit<u8>]) };
        // SAFETY: published (`next` checked the length) and so the receiver's.
        unsafe { self.bytes.copy_out(self.mine + WORD, place) };
        self.let_go(chunk);
    }

    fn let_go(&mut self, chunk: Chunk) {
        self.mine += WORD + padded(chunk.len.into());
        // Release pairs with the Acquire in `has_room`: the copy is done.
        self.header.head.store(self.mine, Ordering::Release);
        self.untold = true;
        // A sender that is woken for each chunk could do no more than fill it.
        if self.other - self.mine <= self.capacity / 2 {
            self.tell_of_room();
        }
    }

    /// Tells the sender of the room that was made, unless it was told already.
    pub(crate) fn tell_of_room(&mut self) {
        if std::mem::take(&mut self.untold) {
            self.header.not_full.notify(self.heap, u32::MAX);
        }
    }

    /// Whether everything that was published was read. Exact only while neither side works.
    pub(crate) fn is_empty(&self) -> bool {
        let head = self.header.head.load(Ordering::SeqCst);
        self.header.tail.load(Ordering::SeqCst) == head
    }

    /// What the receiver says it does. SeqCst throughout, as for the positions in `is_empty`: of two
    /// receivers that say they are blocked and then look at each other, one at least sees the other.
    pub(crate) fn flow(&self) -> Flow {
        Flow::from_raw(self.header.flow.load(Ordering::SeqCst))
    }

    /// The receiver does nothing that matters any more; what it did until now.
    pub(crate) fn free_flow(&self) -> Flow {
        // SeqCst: see `flow`.
        Flow::from_raw(self.header.flow.swap(Flow::Free as u32, Ordering::SeqCst))
    }

    /// Changes what the receiver does from `from` to `to`; tells whether it was `from`.
    pub(crate) fn change_flow(&self, from: Flow, to: Flow) -> bool {
        let flow = &self.header.flow;
        // SeqCst: see `flow`.
        let (from, to) = (from as u32, to as u32);
        flow.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// The same, on behalf of the sender: the receiver is woken to see it.
    pub(crate) fn tell(&self, from: Flow, to: Flow) -> bool {
        let told = self.change_flow(from, to);
        if told {
            self.header.not_empty.notify(self.heap, u32::MAX);
        }
        told
    }

    /// The processor on which the sender last wrote.
    pub(crate) fn processor_of_sender(&self) -> &'static AtomicU32 {
        &self.header.processor
    }

    /// What the receiver sleeps on.
    pub(crate) fn not_empty(&self) -> &'static Signal {
        &self.header.not_empty
    }

    /// What the sender sleeps on.
    pub(crate) fn not_full(&self) -> &'static Signal {
        &self.header.not_full
    }
}

fn padded(len: u64) -> u64 {
    len.next_multiple_of(WORD)
}

pub(super) fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the stream is damaged: its positions make no sense")
}
