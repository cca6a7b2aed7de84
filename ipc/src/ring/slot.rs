//! One slot of a ring.
//!
//! ```text
//! word     ticket (44) | state (2) | owner (18)
//! what     length of the inline payload, or PARCEL
//! payload  112 bytes: the message itself, or the hold of its parcel {index (32), generation (32)}
//! ```
//!
//! States of the slot for ticket t in a ring of N slots; the owner is a place in the process table:
//!
//! ```text
//! EMPTY(t) --CAS--> WRITING(t, sender) --store--> FULL(t) --CAS--> READING(t, receiver) --store--> EMPTY(t + N)
//! ```
//!
//! The claim and its owner become visible in one step, so there is no instant at which a claim has
//! no name on it.
#![expect(unsafe_code, reason = "copies payloads to and from shared memory")]

use super::primitive::{AtomicU64, Cell, Ordering};
use crate::heap::HoldId;

/// The longest message that fits into a slot.
pub(crate) const INLINE: usize = 112;
/// In `what`: the payload names a parcel.
const PARCEL: u64 = u64::MAX;

const OWNER_BITS: u32 = 18;
const STATE_BITS: u32 = 2;
/// Tickets are less than this.
pub(super) const TICKETS: u64 = 1 << (u64::BITS - OWNER_BITS - STATE_BITS);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Empty = 0,
    Writing = 1,
    Full = 2,
    Reading = 3,
}

/// A slot's word, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) ticket: u64,
    pub(super) state: State,
    pub(super) owner: u32,
}

impl Word {
    #[inline]
    pub(super) fn new(ticket: u64, state: State, owner: u32) -> Word {
        Word { ticket, state, owner }
    }

    #[inline]
    pub(super) fn pack(self) -> u64 {
        self.ticket << (OWNER_BITS + STATE_BITS)
            | (self.state as u64) << OWNER_BITS
            | u64::from(self.owner)
    }

    #[inline]
    pub(super) fn unpack(raw: u64) -> Word {
        let state = match raw >> OWNER_BITS & 3 {
            0 => State::Empty,
            1 => State::Writing,
            2 => State::Full,
            _ => State::Reading,
        };
        let owner = raw as u32 & ((1 << OWNER_BITS) - 1);
        Word { ticket: raw >> (OWNER_BITS + STATE_BITS), state, owner }
    }
}

/// A message on its way through a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payload<'a> {
    /// The message itself, at most [`INLINE`] bytes.
    Inline(&'a [u8]),
    /// Where the message is.
    Parcel(HoldId),
}

#[repr(C, align(128))]
pub(super) struct Slot {
    pub(super) word: AtomicU64,
    what: AtomicU64,
    payload: Cell<[u8; INLINE]>,
}

// SAFETY: the payload is touched only between a claim and its commit, by the one that made the
// claim; the word hands it over (Release at the commit, Acquire at the claim).
unsafe impl Sync for Slot {}

// A panic cannot leave a slot half changed: between claim and commit nothing runs that could.
impl std::panic::RefUnwindSafe for Slot {}

/// In a model there is no zeroed memory to begin with, nor a kernel to give pages back to.
#[cfg(loom)]
impl Slot {
    pub(super) fn new(word: u64) -> Slot {
        Slot {
            word: AtomicU64::new(word),
            what: AtomicU64::new(0),
            payload: Cell::new([0; INLINE]),
        }
    }

    pub(super) fn zero(&self) {
        // SAFETY: loom checks that nobody uses it.
        self.payload.with_mut(|payload| unsafe { *payload = [0; INLINE] });
        self.what.store(0, Ordering::Relaxed);
        // SeqCst: the kernel sees to it that every processor knows of the page that has gone.
        self.word.store(0, Ordering::SeqCst);
    }
}

impl Slot {
    /// The slot's word as it stands. Acquire pairs with the Release of `commit`.
    #[inline]
    pub(super) fn load(&self) -> u64 {
        self.word.load(Ordering::Acquire)
    }

    /// The same, after a look at a signal. SeqCst pairs with `commit_and_look`: who sees the mark of a sleeper that
    /// another did not see, and that other's commit was before, sees what that committed.
    #[inline]
    pub(super) fn load_last(&self) -> u64 {
        self.word.load(Ordering::SeqCst)
    }

    /// Tries to claim the slot. Acquire pairs with the Release of the commit that made it `from`;
    /// SeqCst orders the claim before the sender's looks at the ring's `closed` flag and `head`.
    #[inline]
    pub(super) fn claim(&self, from: u64, to: Word) -> bool {
        self.word.compare_exchange(from, to.pack(), Ordering::SeqCst, Ordering::Relaxed).is_ok()
    }

    /// Ends a claim. Release pairs with the Acquire of `load` and `claim`.
    #[inline]
    pub(super) fn commit(&self, word: Word) {
        self.word.store(word.pack(), Ordering::Release);
    }

    /// The same, before looks at signals whether somebody has to be told. SeqCst: the commit comes before these
    /// looks, which are so, too; pairs with the fence in `listen` and with `load_last`. One step: a fence would cost
    /// another.
    #[inline]
    pub(super) fn commit_and_look(&self, word: Word) {
        self.word.swap(word.pack(), Ordering::SeqCst);
    }

    /// Fills the slot in.
    ///
    /// # Safety
    /// The caller has claimed the slot for writing and not committed yet.
    #[inline]
    pub(super) unsafe fn write(&self, payload: Payload<'_>) {
        let (what, bytes) = match payload {
            Payload::Inline(bytes) => (bytes.len() as u64, bytes),
            Payload::Parcel(hold) => {
                let name = u64::from(hold.index) | u64::from(hold.generation) << 32;
                (PARCEL, &name.to_ne_bytes()[..])
            }
        };
        assert!(bytes.len() <= INLINE, "a longer message travels in a parcel");
        self.what.store(what, Ordering::Relaxed);
        // SAFETY: the length was just checked against the payload's; the claim makes it ours alone.
        self.payload.with_mut(|payload| unsafe {
            payload.cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        });
    }

    /// Copies what the slot holds into `into` and tells what it is. A length from shared memory is
    /// read once and cut to the slot.
    ///
    /// # Safety
    /// The caller has claimed the slot for reading and not committed yet.
    #[inline]
    pub(super) unsafe fn read(&self, into: &mut [u8; INLINE]) -> Result<usize, HoldId> {
        let what = self.what.load(Ordering::Relaxed);
        if what == PARCEL {
            return Err(self.parcel());
        }
        let len = (what as usize).min(INLINE);
        // SAFETY: the length was just cut to the payload's; the claim makes it ours alone.
        self.payload.with(|payload| unsafe {
            into.as_mut_ptr().copy_from_nonoverlapping(payload.cast(), len);
        });
        Ok(len)
    }

    /// The parcel that the slot names, if it does; meaningful while it is FULL or READING. What a
    /// racing writer leaves here is only a name, which its user checks.
    pub(super) fn named_parcel(&self) -> Option<HoldId> {
        (self.what.load(Ordering::Relaxed) == PARCEL).then(|| self.parcel())
    }

    fn parcel(&self) -> HoldId {
        // SAFETY: the payload is longer than a word and aligned to one. As an atomic, so that the sweep may
        // look while a receiver has the slot.
        let name = unsafe { self.payload.first_word() };
        HoldId { index: name as u32, generation: (name >> 32) as u32 }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{INLINE, Slot, State, Word};

    #[test]
    fn a_slot_is_two_cache_lines() {
        assert_eq!((size_of::<Slot>(), align_of::<Slot>()), (128, 128));
        assert_eq!(INLINE, 128 - 16);
    }

    #[test]
    fn a_word_survives_packing() {
        for state in [State::Empty, State::Writing, State::Full, State::Reading] {
            for (ticket, owner) in [(0, 0), (1, 4095), ((1 << 44) - 1, (1 << 18) - 1)] {
                let word = Word::new(ticket, state, owner);
                assert_eq!(Word::unpack(word.pack()), word);
            }
        }
    }
}
