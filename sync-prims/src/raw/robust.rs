//! A word that knows its owner, on the owner's robust list.
#![expect(unsafe_code, reason = "the list is the kernel's to walk")]

use crate::deadline::Deadline;
use crate::futex::robust::{
    Head, Links, MARKS, OWNER, OWNER_DIED, WAITERS, WORD, mark_linked, node_of,
};
use crate::futex::{self, Reach, Waited};
use crate::primitive::{AtomicU32, AtomicU64, Ordering, SPINS, spin_loop};
use crate::raw::deaths::{Deaths, sleep_on_record};
use crate::raw::identity::{Me, STRAY};

/// A lock word with what has to stand beside it.
///
/// ```text
/// word   bits 0..30  the owner, see `Me::owner`; 0 = free
///        bit  30     OWNER_DIED: the last owner died with it (written by the kernel, by one who
///                    found it dead where no kernel does, and by one who gives it back unrepaired)
///        bit  31     WAITERS: somebody may sleep
/// ```
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Node {
    /// The word, and one for the user of the node (see [`WORD`]).
    words: [AtomicU32; 2],
    /// For the user of the node.
    pub(crate) token: AtomicU64,
    /// For the user of the node.
    pub(crate) owner_pid: AtomicU32,
    /// For the user of the node.
    pub(crate) depth: AtomicU32,
    links: Links,
}

#[cfg(not(loom))]
const _: () = {
    assert!(size_of::<Node>() == 40 && align_of::<Node>() == 8);
    assert!(core::mem::offset_of!(Node, words) == 0 && core::mem::offset_of!(Node, links) == 24);
};

/// How a word was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It was free.
    Free,
    /// Its owner died with it.
    FromTheDead,
}

impl Node {
    #[expect(clippy::declare_interior_mutable_const, reason = "an initialiser")]
    pub(crate) const NEW: Self = Self {
        words: [const { AtomicU32::new(0) }; 2],
        token: AtomicU64::new(0),
        owner_pid: AtomicU32::new(0),
        depth: AtomicU32::new(0),
        links: Links::NEW,
    };

    #[inline]
    pub(crate) fn word(&self) -> RobustWord<'_> {
        RobustWord(&self.words[WORD])
    }

    /// The word that is not the lock word; `LINKED_MARK` in it is taken.
    #[inline]
    pub(crate) fn second(&self) -> &AtomicU32 {
        &self.words[1 - WORD]
    }

    /// By which the robust list knows this node.
    #[inline]
    pub(crate) fn address(&self) -> usize {
        node_of(&self.links)
    }

    #[inline]
    pub(crate) fn linked(&self) -> bool {
        self.links.linked()
    }

    /// Forgets the links of a dead owner, in memory where the new one does not link.
    pub(crate) fn reset_links(&self) {
        self.links.reset();
    }
}

/// The lock word itself, which may stand alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RobustWord<'a>(pub(crate) &'a AtomicU32);

impl RobustWord<'_> {
    #[inline]
    pub(crate) fn load(self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// The word is the calling thread's, or at least that of its process.
    #[inline]
    pub(crate) fn owned_by(self, me: &Me) -> bool {
        self.load() & OWNER == self.as_owned_by(me)
    }

    #[inline]
    fn as_owned_by(self, me: &Me) -> u32 {
        me.owner(core::ptr::from_ref(self.0).addr())
    }

    /// What is in the word once a dead owner has been seen to.
    #[inline]
    pub(crate) fn settled(self) -> u32 {
        let value = self.load();
        if MARKS || value & OWNER == 0 { value } else { self.mark_if_dead(value) }
    }

    /// Does for the word what no kernel does here, if its owner is gone.
    #[cold]
    fn mark_if_dead(self, value: u32) -> u32 {
        let deaths = Deaths::around(core::ptr::from_ref(self.0).addr());
        match self.mark_for(&deaths, value) {
            Ok(value) | Err(value) => value,
        }
    }

    /// `Err` with what is in the word now, if its owner is gone.
    fn mark_for(self, deaths: &Deaths, value: u32) -> Result<u32, u32> {
        let owner = value & OWNER;
        if owner == 0 || owner & STRAY != 0 || !deaths.is_gone(owner) {
            return Ok(value);
        }
        let marked = value & WAITERS | OWNER_DIED;
        // Relaxed: who takes the word comes after the owner by the word of the witness.
        match self.0.compare_exchange(value, marked, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => Err(marked),
            Err(now) => Err(now),
        }
    }

    /// Sleeps while the word is `expected` and its owner lives.
    fn sleep(self, expected: u32, deadline: Deadline) -> Waited {
        if MARKS {
            return sleep_on_record(self.0, expected, deadline);
        }
        let deaths = Deaths::around(core::ptr::from_ref(self.0).addr());
        // Before the look after the owner: a death after that ends the sleep.
        let heard = deaths.listen();
        match self.mark_for(&deaths, expected) {
            Ok(_) => deaths.wait(heard, self.0, expected, deadline),
            Err(_) => Waited::Again,
        }
    }

    /// Takes a free word at the first try.
    #[inline]
    pub(crate) fn try_take(self, me: &Me) -> bool {
        // Acquire pairs with the Release in `release`.
        self.0
            .compare_exchange(0, self.as_owned_by(me), Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// Takes the word now or not at all, from a dead owner too if `accept` agrees.
    #[cold]
    pub(crate) fn try_take_any(self, me: &Me, accept: impl Fn() -> bool) -> Option<Taken> {
        let mut value = self.settled();
        while value & OWNER == 0 && (value & OWNER_DIED == 0 || accept()) {
            match self.claim(me, value, 0) {
                Ok(taken) => return Some(taken),
                Err(now) => value = now,
            }
        }
        None
    }

    fn claim(self, me: &Me, value: u32, keep: u32) -> Result<Taken, u32> {
        let new = self.as_owned_by(me) | (value & WAITERS) | keep;
        // Acquire pairs with the Release in `release`, or with the death of the owner.
        self.0.compare_exchange(value, new, Ordering::Acquire, Ordering::Relaxed)?;
        Ok(if value & OWNER_DIED == 0 { Taken::Free } else { Taken::FromTheDead })
    }

    /// Takes the word, from a dead owner too if `accept` agrees; `None` if the deadline passed.
    ///
    /// Between `begin` and `done` of the caller's list, a death of this thread passes on any
    /// wake-up that it was given here.
    #[cold]
    pub(crate) fn take_contended(
        &self,
        me: &Me,
        deadline: Deadline,
        accept: impl Fn() -> bool,
    ) -> Option<Taken> {
        let free = |value: u32| value & OWNER == 0 && (value & OWNER_DIED == 0 || accept());
        // A thread that has slept takes the word with WAITERS: there may be more sleepers.
        let mut keep = 0;
        let mut value = self.spin();
        loop {
            if free(value) {
                match self.claim(me, value, keep) {
                    Ok(taken) => return Some(taken),
                    Err(now) => value = now,
                }
                continue;
            }
            if value & WAITERS == 0 {
                let marked = value | WAITERS;
                if let Err(now) = self.0.compare_exchange_weak(
                    value,
                    marked,
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                ) {
                    value = now;
                    continue;
                }
            }
            // The deadline ends the wait only here, where WAITERS is set and no wake-up was
            // used up. A slice that ends is not the deadline.
            let waited = self.sleep(value | WAITERS, deadline);
            if waited == Waited::TimedOut && deadline.passed() {
                return None;
            }
            keep = WAITERS;
            value = self.spin();
        }
    }

    fn spin(self) -> u32 {
        let mut left = SPINS;
        loop {
            let value = self.0.load(Ordering::Relaxed);
            if value & OWNER == 0 || value & WAITERS != 0 || left == 0 {
                return value;
            }
            spin_loop();
            left -= 1;
        }
    }

    /// Gives the calling thread's word up, free (`0`) or as a dead owner's (`OWNER_DIED`), and wakes
    /// one sleeper.
    #[inline]
    pub(crate) fn release(self, me: &Me, state: u32) {
        // Release pairs with the Acquire of the next owner. One exchange, and not `fetch_and`, whose
        // result costs a loop around one.
        if state == 0
            && self
                .0
                .compare_exchange(self.as_owned_by(me), 0, Ordering::Release, Ordering::Relaxed)
                .is_ok()
        {
            return;
        }
        self.release_marked(state);
    }

    #[cold]
    fn release_marked(self, state: u32) {
        if state != 0 {
            self.release_unrepaired(state);
        // Release pairs with the Acquire of the next owner.
        } else if self.0.fetch_and(WAITERS, Ordering::Release) & WAITERS != 0 {
            self.wake_or_unmark();
        }
    }

    /// Wakes one sleeper. The mark stays until there is none: should the one that is woken die before
    /// it takes the word, then either the word is still free and the kernel wakes the next, or
    /// somebody has taken it, with the mark, and wakes the next when it releases it.
    #[cold]
    fn wake_or_unmark(self) {
        if futex::wake(self.0, 1, Reach::Processes) == 0 {
            // Whoever came meanwhile to sleep has seen the word change, and looks again.
            let _ = self.0.compare_exchange(WAITERS, 0, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    #[cold]
    fn release_unrepaired(self, state: u32) {
        // Keeps WAITERS: the one that is woken may do the same.
        let old = self.0.fetch_update(Ordering::Release, Ordering::Relaxed, |value| {
            Some(state | (value & WAITERS))
        });
        if old.is_ok_and(|old| old & WAITERS != 0) {
            self.wake();
        }
    }

    #[cold]
    fn wake(self) {
        futex::wake(self.0, 1, Reach::Processes);
    }
}

impl Node {
    /// # Safety
    /// `head` is the list of the calling thread, which owns the word; the node is on no
    /// list and stays in place until it is unlinked or the thread is dead.
    #[inline]
    pub(crate) unsafe fn link(&self, head: &Head) {
        mark_linked(self.second());
        // SAFETY: the caller's promise.
        unsafe { head.link(&self.links) };
    }

    /// # Safety
    /// `head` is the list of the calling thread, and the node is on it.
    #[inline]
    pub(crate) unsafe fn unlink(&self, head: &Head) {
        // SAFETY: the caller's promise.
        unsafe { head.unlink(&self.links) };
    }
}
