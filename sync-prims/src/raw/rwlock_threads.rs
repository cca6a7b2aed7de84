//! The reader-writer lock of the thread scope.

use crate::deadline::Deadline;
use crate::error::PoisonCause;
use crate::futex::{self, Reach, Waited};
use crate::primitive::{AtomicBool, AtomicU32, Ordering, SPINS, spin_loop};
use crate::raw::{Health, RawRwLock};

/// ```text
/// state  bits 0..30  readers, or WRITER
///        bit  30     READERS_WAIT: readers may sleep on this word
///        bit  31     WRITERS_WAIT: writers may sleep on `turn`
/// turn   moves whenever a writer is to be woken
/// ```
///
/// New readers stand back while either mark is there. Were they let in past sleeping readers, one of
/// them would be in the way of whoever is about to wake those, and leave nobody to do it.
///
/// Whoever leaves the lock free takes the marks away and wakes: a writer, or if there is none all
/// readers. A writer that has slept marks the lock again as it takes it, for there may be others.
#[derive(Debug)]
pub struct ThreadRwLock {
    state: AtomicU32,
    turn: AtomicU32,
    poisoned: AtomicBool,
}

const WRITER: u32 = (1 << 30) - 1;
const HOLDERS: u32 = WRITER;
const MAX_READERS: u32 = WRITER - 1;
const READERS_WAIT: u32 = 1 << 30;
const WRITERS_WAIT: u32 = 1 << 31;

fn readable(state: u32) -> bool {
    let readers = state & HOLDERS;
    assert!(readers != MAX_READERS, "the lock has too many readers");
    readers != WRITER && state & (READERS_WAIT | WRITERS_WAIT) == 0
}

impl RawRwLock for ThreadRwLock {
    const NEW: Self = Self {
        state: AtomicU32::new(0),
        turn: AtomicU32::new(0),
        poisoned: AtomicBool::new(false),
    };

    #[inline]
    fn try_read(&self) -> Option<(Health, u32)> {
        // Acquire pairs with the Release in `unlock_write`.
        self.state
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, |state| {
                readable(state).then(|| state + 1)
            })
            .is_ok()
            .then(|| (self.health(), 0))
    }

    #[inline]
    fn read(&self, deadline: Deadline) -> Option<(Health, u32)> {
        self.try_read().or_else(|| self.read_contended(deadline).then(|| (self.health(), 0)))
    }

    #[inline]
    fn unlock_read(&self, _ticket: u32) {
        // Release pairs with the Acquire of the next writer.
        let state = self.state.fetch_sub(1, Ordering::Release) - 1;
        if state & HOLDERS == 0 && state & WRITERS_WAIT != 0 {
            self.wake_next(state);
        }
    }

    #[inline]
    fn try_write(&self) -> Option<Health> {
        // Acquire pairs with the Release of the last to leave.
        self.state
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, |state| {
                (state & HOLDERS == 0).then(|| state + WRITER)
            })
            .is_ok()
            .then(|| self.health())
    }

    #[inline]
    fn write(&self, deadline: Deadline) -> Option<Health> {
        // Acquire pairs with the Release of the last to leave.
        let fast = self.state.compare_exchange(0, WRITER, Ordering::Acquire, Ordering::Relaxed);
        (fast.is_ok() || self.write_contended(deadline)).then(|| self.health())
    }

    #[inline]
    fn unlock_write(&self) {
        // Release pairs with the Acquire of the next reader or writer.
        let state = self.state.fetch_sub(WRITER, Ordering::Release) - WRITER;
        if state != 0 {
            self.wake_next(state);
        }
    }

    #[cold]
    fn poison(&self) {
        self.poisoned.store(true, Ordering::Relaxed);
    }

    #[inline]
    fn health(&self) -> Health {
        if self.poisoned.load(Ordering::Relaxed) { Err(PoisonCause::Panicked) } else { Ok(()) }
    }

    fn clear_poison(&self) {
        self.poisoned.store(false, Ordering::Relaxed);
    }
}

impl ThreadRwLock {
    fn change(&self, from: u32, to: u32) -> Result<u32, u32> {
        // Acquire pairs with the Release of the last to leave.
        self.state.compare_exchange(from, to, Ordering::Acquire, Ordering::Relaxed)
    }

    /// Looks at the state for a while, in the hope that it becomes `good`.
    fn spin(&self, good: impl Fn(u32) -> bool) -> u32 {
        let mut left = SPINS;
        loop {
            let state = self.state.load(Ordering::Relaxed);
            if good(state) || left == 0 {
                return state;
            }
            spin_loop();
            left -= 1;
        }
    }

    #[cold]
    fn read_contended(&self, deadline: Deadline) -> bool {
        let hopeless = READERS_WAIT | WRITERS_WAIT;
        let mut state = self.spin(|state| readable(state) || state & hopeless != 0);
        loop {
            if readable(state) {
                match self.change(state, state + 1) {
                    Ok(_) => return true,
                    Err(now) => state = now,
                }
                continue;
            }
            let marked = state | READERS_WAIT;
            if marked != state
                && let Err(now) = self.change(state, marked)
            {
                state = now;
                continue;
            }
            if futex::wait(&self.state, marked, deadline, Reach::Threads) == Waited::TimedOut {
                return false;
            }
            state = self.spin(|state| readable(state) || state & hopeless != 0);
        }
    }

    #[cold]
    fn write_contended(&self, deadline: Deadline) -> bool {
        let mut state = self.spin(|state| state & HOLDERS == 0 || state & WRITERS_WAIT != 0);
        let mut others = 0;
        loop {
            if state & HOLDERS == 0 {
                match self.change(state, state | WRITER | others) {
                    Ok(_) => return true,
                    Err(now) => state = now,
                }
                continue;
            }
            let marked = state | WRITERS_WAIT;
            if marked != state
                && let Err(now) = self.change(state, marked)
            {
                state = now;
                continue;
            }
            // Acquire pairs with the Release in `wake_writer`: whoever has moved on the turn that
            // is seen here has also taken the mark away that is looked at below.
            let turn = self.turn.load(Ordering::Acquire);
            state = self.state.load(Ordering::Relaxed);
            if state & HOLDERS == 0 || state & WRITERS_WAIT == 0 {
                continue;
            }
            if futex::wait(&self.turn, turn, deadline, Reach::Threads) == Waited::TimedOut {
                self.give_up_waiting();
                return false;
            }
            others = WRITERS_WAIT;
            state = self.spin(|state| state & HOLDERS == 0 || state & WRITERS_WAIT != 0);
        }
    }

    /// A writer that does not wait any longer may have been the only reason for readers to stand
    /// back, so everybody has to look again.
    #[cold]
    fn give_up_waiting(&self) {
        self.state.fetch_and(!(WRITERS_WAIT | READERS_WAIT), Ordering::Relaxed);
        // Release pairs with the Acquire in `write_contended`.
        self.turn.fetch_add(1, Ordering::Release);
        futex::wake(&self.turn, u32::MAX, Reach::Threads);
        futex::wake(&self.state, u32::MAX, Reach::Threads);
    }

    /// The lock is free, with somebody waiting for it.
    #[cold]
    fn wake_next(&self, mut state: u32) {
        debug_assert_eq!(state & HOLDERS, 0);
        // If the state changes meanwhile, somebody else has the lock, and will come here.
        if state == WRITERS_WAIT {
            match self.change(state, 0) {
                Ok(_) => {
                    self.wake_writer();
                    return;
                }
                Err(now) => state = now,
            }
        }
        if state == WRITERS_WAIT | READERS_WAIT {
            if self.change(state, READERS_WAIT).is_err() {
                return;
            }
            if self.wake_writer() {
                return;
            }
            state = READERS_WAIT;
        }
        if state == READERS_WAIT && self.change(state, 0).is_ok() {
            futex::wake(&self.state, u32::MAX, Reach::Threads);
        }
    }

    /// Wakes a writer; `false` if none was asleep.
    fn wake_writer(&self) -> bool {
        // Release pairs with the Acquire in `write_contended`.
        self.turn.fetch_add(1, Ordering::Release);
        futex::wake(&self.turn, 1, Reach::Threads) > 0
    }
}
