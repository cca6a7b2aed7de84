//! Many senders, many receivers, one order.
//!
//! After D. Vyukov's bounded MPMC queue (1024cores.net), with two changes that make it survive a
//! death at any instruction: a claim is a compare-and-swap on the *slot*, which puts the claimant's
//! name into it, and head and tail are only hints that anybody moves on.
#![expect(unsafe_code, reason = "fills in and reads claimed slots")]

use super::layout::{CHUNK, Memory, Ring};
use super::primitive::{AtomicU64, Backoff, Ordering};
use super::slot::{INLINE, Payload, Slot, State, TICKETS, Word};
use crate::heap::{HoldId, Signal};

/// A slot as it was seen on behalf of a ticket.
struct Seen {
    raw: u64,
    word: Word,
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

/// What a look at the next message showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peek {
    There,
    /// Somebody has begun to send it.
    Pending,
    Empty,
}

impl<'h> Ring<'h> {
    #[inline]
    fn slot(&self, ticket: u64) -> &'h Slot {
        &self.slots[ticket as usize & (self.slots.len() - 1)]
    }

    /// Looks at the slot for `ticket`. That of a hint which is no ticket is behind it.
    #[inline]
    fn look(&self, ticket: u64) -> Seen {
        self.seen(ticket, self.slot(ticket).load())
    }

    /// Looks at the slot for `ticket` after a look at a signal.
    #[inline]
    fn look_last(&self, ticket: u64) -> Word {
        self.seen(ticket, self.slot(ticket).load_last()).word
    }

    #[inline]
    fn seen(&self, ticket: u64, raw: u64) -> Seen {
        let untouched = raw == 0 && self.memory != Memory::Dense && ticket < TICKETS;
        let word = if untouched { Word::new(ticket, State::Empty, 0) } else { Word::unpack(raw) };
        Seen { raw, word }
    }

    #[inline]
    fn lap(&self) -> u64 {
        self.slots.len() as u64
    }

    /// Whether a message could be sent now, if nobody else sends one first.
    pub(crate) fn has_room(&self) -> bool {
        loop {
            let ticket = self.header.tail.load(Ordering::Relaxed);
            let seen = self.look(ticket).word;
            if seen.ticket > ticket || (seen.ticket == ticket && seen.state != State::Empty) {
                self.catch_up(&self.header.tail, ticket, seen);
                continue;
            }
            self.close_if_used_up(ticket);
            return seen.ticket == ticket && self.may_use(ticket);
        }
    }

    /// Nothing more is let in once the ticket waits for a slot's next, or is itself, one that a word has no room for.
    /// Called where there seems to be no room.
    fn close_if_used_up(&self, ticket: u64) -> bool {
        let is_used_up = ticket.saturating_add(self.lap() - self.capacity) >= TICKETS;
        if is_used_up && !self.is_closed() {
            self.close();
        }
        is_used_up
    }

    /// Whether ticket `t` may be used: the message `capacity` tickets before it was taken out.
    #[inline]
    fn may_use(&self, ticket: u64) -> bool {
        self.capacity == self.lap()
            || ticket < self.capacity
            || self.look(ticket - self.capacity).word.ticket > ticket - self.capacity
    }

    /// Moves a hint on from `ticket`; that somebody else did it already is fine.
    #[inline]
    fn advance(hint: &AtomicU64, ticket: u64, to: u64) {
        // Relaxed: a hint orders nothing, the slots do.
        let _ = hint.compare_exchange(ticket, to, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Moves a hint on to where it can be at least, as the slot for `ticket` is past that: what the slot
    /// had a lap before was taken out. In one step: a slot that is not the ring's work may say anything.
    fn catch_up(&self, hint: &AtomicU64, ticket: u64, seen: Word) {
        let at_least = (seen.ticket + 1).saturating_sub(self.lap());
        Ring::advance(hint, ticket, at_least.max(ticket + 1));
    }

    /// Looks for a message without taking it out.
    pub(crate) fn peek(&self) -> Peek {
        loop {
            let ticket = self.header.head.load(Ordering::Relaxed);
            let seen = self.look(ticket).word;
            if seen.ticket > ticket || (seen.ticket == ticket && seen.state == State::Reading) {
                self.catch_up(&self.header.head, ticket, seen);
                continue;
            }
            return match seen.state {
                State::Full if seen.ticket == ticket => Peek::There,
                State::Writing => Peek::Pending,
                _ => Peek::Empty,
            };
        }
    }

    /// Sends one message, if there is room. `me` is the sender's place in the process table.
    pub(crate) fn push(&self, me: u32, payload: Payload<'_>) -> Push {
        let header = self.header;
        let backoff = Backoff::new();
        loop {
            let ticket = header.tail.load(Ordering::Relaxed);
            let slot = self.slot(ticket);
            let Seen { raw, word: seen } = self.look(ticket);
            if seen.ticket > ticket || (seen.ticket == ticket && seen.state != State::Empty) {
                self.catch_up(&header.tail, ticket, seen);
                backoff.spin();
                continue;
            }
            if seen.ticket < ticket || !self.may_use(ticket) {
                if header.tail.load(Ordering::Relaxed) == ticket {
                    return if self.close_if_used_up(ticket) { Push::Closed } else { Push::Full };
                }
                backoff.spin();
                continue;
            }
            if !slot.claim(raw, Word::new(ticket, State::Writing, me)) {
                backoff.spin();
                continue;
            }
            // A zero may be a slot whose page was given back after this very ticket was used and
            // emptied; then the head was past it before. SeqCst, after the claim, which read the zero.
            if raw == 0 {
                let head = header.head.load(Ordering::SeqCst);
                if head > ticket {
                    slot.commit(self.emptied(ticket));
                    // The tail is no less. Not slot by slot: each would cost memory.
                    Ring::advance(&header.tail, ticket, head);
                    backoff.spin();
                    continue;
                }
            }
            Ring::advance(&header.tail, ticket, ticket + 1);
            // SeqCst, after the claim: either this sees that the ring is closed, or whoever closed
            // it sees the claim and waits for the message (`is_closed`, then `pop`).
            let closed = header.closed.load(Ordering::SeqCst) != 0;
            if closed {
                slot.commit_and_look(self.emptied(ticket));
            } else {
                // SAFETY: claimed for writing above, committed below.
                unsafe { slot.write(payload) };
                slot.commit_and_look(Word::new(ticket, State::Full, 0));
            }
            if closed && self.has_tasks() {
                self.notify_done();
            }
            header.not_empty.notify_fenced(self.heap, 1);
            // The sender that was woken for this slot may have found an earlier one still being
            // emptied and gone back to sleep; pass its wake on. The slot comes second: others want it.
            if header.not_full.may_have_sleepers()
                && self.look_last(ticket + 1) == Word::new(ticket + 1, State::Empty, 0)
            {
                header.not_full.notify_fenced(self.heap, 1);
            }
            return if closed { Push::Closed } else { Push::Done };
        }
    }

    /// Takes one message out, if there is one. `begin` is called when there seems to be one, and
    /// `answer_for` with the name of a parcel while the slot still names it.
    pub(crate) fn pop(
        &self,
        me: u32,
        into: &mut [u8; INLINE],
        mut begin: impl FnMut(),
        answer_for: impl FnOnce(HoldId),
    ) -> Pop {
        let header = self.header;
        let backoff = Backoff::new();
        loop {
            let ticket = header.head.load(Ordering::Relaxed);
            let slot = self.slot(ticket);
            let Seen { raw, word: seen } = self.look(ticket);
            if seen.ticket > ticket || (seen.ticket == ticket && seen.state == State::Reading) {
                self.catch_up(&header.head, ticket, seen);
                backoff.spin();
                continue;
            }
            if seen.ticket < ticket || seen.state != State::Full {
                if header.head.load(Ordering::Relaxed) == ticket {
                    return Pop::Empty { pending: seen.state == State::Writing };
                }
                backoff.spin();
                continue;
            }
            begin();
            if !slot.claim(raw, Word::new(ticket, State::Reading, me)) {
                backoff.spin();
                continue;
            }
            Ring::advance(&header.head, ticket, ticket + 1);
            // SAFETY: claimed for reading above, committed below.
            let message = unsafe { slot.read(into) };
            if let Err(parcel) = message {
                answer_for(parcel);
            }
            slot.commit_and_look(self.emptied(ticket));
            header.not_full.notify_fenced(self.heap, 1);
            // The receiver that was woken for the next message may have found this one still being
            // written and gone back to sleep; pass its wake on. The slot comes second, as in `push`.
            if header.not_empty.may_have_sleepers()
                && self.look_last(ticket + 1) == Word::new(ticket + 1, State::Full, 0)
            {
                header.not_empty.notify_fenced(self.heap, 1);
            }
            self.give_back_before(ticket);
            return message.map_or_else(Pop::Parcel, Pop::Inline);
        }
    }

    /// Gives memory back, once in a chunk: that of the chunk before, if everything in it was taken out.
    /// The head is past that chunk, since this receiver's ticket is; see `push` for why that matters.
    /// And nobody can be using it for the next lap, because the capacity is some chunks less than the
    /// slots: it would take more messages than the ring may hold.
    fn give_back_before(&self, ticket: u64) {
        if self.memory == Memory::GivenBack && ticket % CHUNK == CHUNK - 1 && ticket > CHUNK {
            let mut chunk = ticket + 1 - 2 * CHUNK..ticket + 1 - CHUNK;
            let first = chunk.start as usize & (self.slots.len() - 1);
            if chunk.all(|ticket| self.slot(ticket).load() == self.emptied(ticket).pack()) {
                self.give_back(first..first + CHUNK as usize);
            }
        }
    }

    /// What the slot of `ticket` becomes when the message was taken out.
    #[inline]
    fn emptied(&self, ticket: u64) -> Word {
        Word::new(ticket + self.lap(), State::Empty, 0)
    }

    /// Lets no message in any more. What is in the ring can still be taken out.
    pub(crate) fn close(&self) {
        // SeqCst pairs with the look at `closed` in `push`, see there.
        self.header.closed.store(1, Ordering::SeqCst);
        self.notify_all();
    }

    /// Has everybody who sleeps at the ring look again.
    pub(crate) fn notify_all(&self) {
        self.header.not_empty.notify(self.heap, u32::MAX);
        self.header.not_full.notify(self.heap, u32::MAX);
    }

    /// Has one more sender look whether there is room.
    pub(crate) fn notify_sender(&self) {
        self.header.not_full.notify(self.heap, 1);
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
        self.header.not_empty.notify_after_death(self.heap);
        self.header.not_full.notify_after_death(self.heap);
    }

    /// What receivers sleep on.
    pub(crate) fn not_empty(&self) -> &'h Signal {
        &self.header.not_empty
    }

    /// What senders sleep on.
    pub(crate) fn not_full(&self) -> &'h Signal {
        &self.header.not_full
    }

    /// How many messages it can hold; `None` if that is as good as unbounded.
    pub(crate) fn capacity(&self) -> Option<usize> {
        (self.memory != Memory::GivenBack).then_some(self.capacity as usize)
    }

    /// Messages in the ring; a snapshot, exact while nobody sends or receives.
    pub(crate) fn len(&self) -> usize {
        // Relaxed: hints, and only a snapshot is promised.
        let head = self.header.head.load(Ordering::Relaxed);
        let tail = self.header.tail.load(Ordering::Relaxed);
        tail.saturating_sub(head).min(self.capacity) as usize
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{CHUNK, Payload, Pop, Push, Ring};
    use crate::heap::{Contents, Heap, Kind, NewProcess, Owner, Role};
    use crate::ring::INLINE;
    use crate::sys::memory::GIVES_BACK;

    #[test]
    fn a_sparse_ring_gives_the_memory_of_what_was_taken_out_back() {
        let heap = Heap::create().expect("a heap");
        let me = heap.reserve(NewProcess { parent: None, name: "me" }).expect("a place");
        let size = Ring::size(&heap, None, false).expect("room");
        let contents = Contents { kind: Kind::Ring, fingerprint: 0, length: 0 };
        let new =
            heap.allocate(size, contents, Owner::Process(me), Role::Both, me).expect("memory");
        let ring = Ring::init(&heap, new.object, None, false, new.zeroed).expect("a ring");
        let memory = || {
            let touched = heap.touched(0..heap.size()).expect("a file");
            touched.iter().map(|part| part.end - part.start).sum::<u64>()
        };
        let before = memory();
        let mut buffer = [0; INLINE];
        for _ in 0..3 {
            let count = 20 * CHUNK;
            for n in 0..count {
                assert_eq!(ring.push(0, Payload::Inline(&n.to_ne_bytes())), Push::Done);
            }
            assert!(!GIVES_BACK || memory() >= before + count * 128);
            for n in 0..count {
                assert_eq!(ring.pop(0, &mut buffer, || {}, |_| {}), Pop::Inline(8));
                assert_eq!(buffer[..8], n.to_ne_bytes());
            }
            assert_eq!(ring.pop(0, &mut buffer, || {}, |_| {}), Pop::Empty { pending: false });
            let few = memory() <= before + 3 * CHUNK * 128;
            assert!(few || !GIVES_BACK, "two chunks are kept at most");
        }
    }
}
