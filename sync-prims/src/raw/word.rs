//! The lock of the thread scope: one word, three states.

use crate::deadline::Deadline;
use crate::futex::{self, Reach, Waited};
use crate::primitive::{AtomicU32, Ordering, SPINS, spin_loop};

const UNLOCKED: u32 = 0;
/// Locked, and nobody sleeps.
const LOCKED: u32 = 1;
/// Locked, and somebody may sleep: whoever unlocks has to wake one.
const CONTENDED: u32 = 2;

/// A lock of one word.
#[derive(Debug)]
pub struct Word(AtomicU32);

impl Word {
    #[expect(clippy::declare_interior_mutable_const, reason = "an initialiser")]
    pub(crate) const NEW: Self = Self(AtomicU32::new(UNLOCKED));

    /// Takes the lock; `false` if the deadline passed first.
    #[inline]
    pub(crate) fn lock(&self, deadline: Deadline) -> bool {
        self.try_lock() || self.lock_contended(deadline)
    }

    /// Takes the lock if it is free.
    #[inline]
    pub(crate) fn try_lock(&self) -> bool {
        // Acquire pairs with the Release in `unlock`.
        self.0.compare_exchange(UNLOCKED, LOCKED, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    #[cold]
    fn lock_contended(&self, deadline: Deadline) -> bool {
        let mut state = self.spin();
        if state == UNLOCKED {
            // Acquire pairs with the Release in `unlock`.
            match self.0.compare_exchange(UNLOCKED, LOCKED, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
        loop {
            // Whoever has slept, or is about to, takes the lock as contended: there may be more
            // sleepers, and the wake-up that it got must not be the last. Acquire pairs with the
            // Release in `unlock`.
            if state != CONTENDED && self.0.swap(CONTENDED, Ordering::Acquire) == UNLOCKED {
                return true;
            }
            // A deadline ends the sleep only here, where the word says `CONTENDED` and no
            // wake-up was used up.
            if futex::wait(&self.0, CONTENDED, deadline, Reach::Threads) == Waited::TimedOut {
                return false;
            }
            state = self.spin();
        }
    }

    fn spin(&self) -> u32 {
        let mut left = SPINS;
        loop {
            let state = self.0.load(Ordering::Relaxed);
            if state != LOCKED || left == 0 {
                return state;
            }
            spin_loop();
            left -= 1;
        }
    }

    /// Gives the lock up; the caller has it.
    #[inline]
    pub(crate) fn unlock(&self) {
        // Release pairs with the Acquire of the next owner.
        if self.0.swap(UNLOCKED, Ordering::Release) == CONTENDED {
            self.wake();
        }
    }

    #[cold]
    fn wake(&self) {
        futex::wake(&self.0, 1, Reach::Threads);
    }

    pub(crate) fn is_locked(&self) -> bool {
        self.0.load(Ordering::Relaxed) != UNLOCKED
    }
}
