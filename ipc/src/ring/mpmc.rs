//! Many senders, many receivers, one order.
//!
//! After D. Vyukov's bounded MPMC queue (1024cores.net), with two changes that make it survive a
//! death at any instruction: a claim is a compare-and-swap on the *slot*, which puts the claimant's
//! name into it, and head and tail are only hints that anybody moves on.
#![expect(unsafe_code, reason = "a view of a block of the heap")]

use std::io;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use sync_prims::raw::EventCount;

use super::slot::{INLINE, Payload, Slot, State, Word};
use crate::heap::{Heap, HoldId, ObjectId, Size};

/// How a ring begins; the slots follow. Fields that different sides write are 64 bytes apart.
#[repr(C)]
pub(super) struct Header {
    capacity: AtomicU64,
    slots: AtomicU64,
    closed: AtomicU32,
    /// There has been a second handle.
    was_shared: AtomicU32,
    _0: [u8; 40],
    pub(super) not_empty: EventCount,
    _1: [u8; 60],
    pub(super) not_full: EventCount,
    _2: [u8; 60],
    tail: AtomicU64,
    _3: [u8; 56],
    head: AtomicU64,
    _4: [u8; 120],
}

/// Offsets, in a ring's block, of the event counts that its users sleep on.
pub(crate) const EVENT_COUNTS: [u64; 2] =
    [std::mem::offset_of!(Header, not_empty) as u64, std::mem::offset_of!(Header, not_full) as u64];

const _: () = {
    assert!(size_of::<Header>() == 384);
    assert!(EVENT_COUNTS[0] == 64 && EVENT_COUNTS[1] == 128);
};

/// A ring in the heap, as long as the process holds it.
#[derive(Clone, Copy)]
pub(crate) struct Ring<'h> {
    pub(super) header: &'h Header,
    pub(super) slots: &'h [Slot],
    capacity: u64,
}

/// What came of an attempt to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Push {
    Done,
    Full,
    Closed,
}

/// What came of an attempt to receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pop {
    /// The message, so many bytes of it, is in the caller's buffer.
    Inline(usize),
    /// The message is in a parcel, which belongs to the ring still; the caller answers for it.
    Parcel(HoldId),
    /// There is none. `pending`: somebody has begun to send one.
    Empty { pending: bool },
}

impl<'h> Ring<'h> {
    /// The memory a ring for `capacity` messages needs; `None` if no heap has that much.
    pub(crate) fn size(capacity: usize) -> Option<Size> {
        let slots = capacity.checked_next_power_of_two()?;
        let bytes = slots.checked_mul(size_of::<Slot>())?.checked_add(size_of::<Header>())?;
        Size::of(std::alloc::Layout::from_size_align(bytes, align_of::<Slot>()).ok()?)
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
        let room = size.saturating_sub(size_of::<Header>() as u64) / size_of::<Slot>() as u64;
        if !count.is_power_of_two() || count > room || capacity == 0 || capacity > count {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a ring's header is damaged"));
        }
        // SAFETY: `count` slots behind the header were just checked to lie within the block; a slot
        // is two atomics and bytes, for which every bit pattern is valid.
        let slots = unsafe {
            let first = start.as_ptr().add(size_of::<Header>()).cast::<Slot>();
            std::slice::from_raw_parts(first, count as usize)
        };
        Ok(Ring { header, slots, capacity })
    }

    fn slot(&self, ticket: u64) -> &'h Slot {
        &self.slots[ticket as usize & (self.slots.len() - 1)]
    }

    fn lap(&self) -> u64 {
        self.slots.len() as u64
    }

    /// Whether a message could be sent now, if nobody else sends one first.
    pub(crate) fn has_room(&self) -> bool {
        loop {
            let ticket = self.header.tail.load(Ordering::Relaxed);
            let seen = self.slot(ticket).load();
            if seen.ticket > ticket || (seen.ticket == ticket && seen.state != State::Empty) {
                Ring::advance(&self.header.tail, ticket);
                continue;
            }
            return seen.ticket == ticket && self.may_use(ticket);
        }
    }

    /// Whether ticket `t` may be used: the message `capacity` tickets before it was taken out.
    fn may_use(&self, ticket: u64) -> bool {
        self.capacity == self.lap()
            || ticket < self.capacity
            || self.slot(ticket - self.capacity).load().ticket > ticket - self.capacity
    }

    /// Moves a hint on from `seen`; that somebody else did it already is fine.
    fn advance(hint: &AtomicU64, seen: u64) {
        // Relaxed: a hint orders nothing, the slots do.
        let _ = hint.compare_exchange(seen, seen + 1, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Sends one message, if there is room. `me` is the sender's place in the process table.
    pub(crate) fn push(&self, me: u32, payload: Payload<'_>) -> Push {
        let header = self.header;
        loop {
            let ticket = header.tail.load(Ordering::Relaxed);
            let slot = self.slot(ticket);
            let seen = slot.load();
            if seen.ticket > ticket || (seen.ticket == ticket && seen.state != State::Empty) {
                Ring::advance(&header.tail, ticket);
                continue;
            }
            if seen.ticket < ticket || !self.may_use(ticket) {
                if header.tail.load(Ordering::Relaxed) == ticket {
                    return Push::Full;
                }
                continue;
            }
            if !slot.claim(seen, Word::new(ticket, State::Writing, me)) {
                continue;
            }
            // SeqCst, after the claim: either this sees that the ring is closed, or whoever closed
            // it sees the claim and waits for the message (`is_closed`, then `pop`).
            let closed = header.closed.load(Ordering::SeqCst) != 0;
            if closed {
                slot.commit(Word::new(ticket + self.lap(), State::Empty, 0));
            } else {
                // SAFETY: claimed for writing above, committed below.
                unsafe { slot.write(payload) };
                slot.commit(Word::new(ticket, State::Full, 0));
            }
            Ring::advance(&header.tail, ticket);
            header.not_empty.notify_one();
            // The sender that was woken for this slot may have found an earlier one still being
            // emptied and gone back to sleep; pass its wake on.
            if self.slot(ticket + 1).load() == Word::new(ticket + 1, State::Empty, 0) {
                header.not_full.notify_one();
            }
            return if closed { Push::Closed } else { Push::Done };
        }
    }

    /// Takes one message out, if there is one. `answer_for` is called with the name of a parcel while
    /// the slot still names it.
    pub(crate) fn pop(
        &self,
        me: u32,
        into: &mut [u8; INLINE],
        answer_for: impl FnOnce(HoldId),
    ) -> Pop {
        let header = self.header;
        loop {
            let ticket = header.head.load(Ordering::Relaxed);
            let slot = self.slot(ticket);
            let seen = slot.load();
            if seen.ticket > ticket || (seen.ticket == ticket && seen.state == State::Reading) {
                Ring::advance(&header.head, ticket);
                continue;
            }
            if seen.ticket < ticket || seen.state != State::Full {
                if header.head.load(Ordering::Relaxed) == ticket {
                    return Pop::Empty { pending: seen.state == State::Writing };
                }
                continue;
            }
            if !slot.claim(seen, Word::new(ticket, State::Reading, me)) {
                continue;
            }
            Ring::advance(&header.head, ticket);
            // SAFETY: claimed for reading above, committed below.
            let message = unsafe { slot.read(into) };
            if let Err(parcel) = message {
                answer_for(parcel);
            }
            slot.commit(Word::new(ticket + self.lap(), State::Empty, 0));
            header.not_full.notify_one();
            // The receiver that was woken for the next message may have found this one still being
            // written and gone back to sleep; pass its wake on.
            if self.slot(ticket + 1).load() == Word::new(ticket + 1, State::Full, 0) {
                header.not_empty.notify_one();
            }
            return message.map_or_else(Pop::Parcel, Pop::Inline);
        }
    }

    /// Lets no message in any more. What is in the ring can still be taken out.
    pub(crate) fn close(&self) {
        // SeqCst pairs with the look at `closed` in `push`, see there.
        self.header.closed.store(1, Ordering::SeqCst);
        self.header.not_empty.notify_all();
        self.header.not_full.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        // SeqCst pairs with the look at `closed` in `push`, see there.
        self.header.closed.load(Ordering::SeqCst) != 0
    }

    /// Notes that there is more than one handle to the ring.
    pub(crate) fn share(&self) {
        // Relaxed: read by whoever is left, which got to know of the others' end by other words.
        self.header.was_shared.store(1, Ordering::Relaxed);
    }

    /// Whether there ever was more than one.
    pub(crate) fn was_shared(&self) -> bool {
        self.header.was_shared.load(Ordering::Relaxed) != 0
    }

    /// Wakes everybody who sleeps at the ring, whoever owed them a wake.
    pub(crate) fn wake_all(&self) {
        self.header.not_empty.notify_after_death();
        self.header.not_full.notify_after_death();
    }

    /// What receivers sleep on.
    pub(crate) fn not_empty(&self) -> &'h EventCount {
        &self.header.not_empty
    }

    /// What senders sleep on.
    pub(crate) fn not_full(&self) -> &'h EventCount {
        &self.header.not_full
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity as usize
    }

    /// Messages in the ring; a snapshot, exact while nobody sends or receives.
    pub(crate) fn len(&self) -> usize {
        // Relaxed: hints, and only a snapshot is promised.
        let head = self.header.head.load(Ordering::Relaxed);
        let tail = self.header.tail.load(Ordering::Relaxed);
        tail.saturating_sub(head).min(self.capacity) as usize
    }
}
