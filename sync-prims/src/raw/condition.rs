//! Waiting for news about what a lock guards.

use crate::deadline::Deadline;
use crate::futex::{self, Lower, Reach, Waited};
use crate::primitive::{AtomicU64, Ordering};
use crate::raw::RawCondition;
use crate::raw::deaths::Deaths;

/// ```text
/// bits  0..32  sequence: moves with every notification; this half is what waiters sleep on
/// bits 32..48  waiting: who has announced itself and not left
/// bits 48..64  granted: how many of them were notified and have not left; never above waiting
/// ```
///
/// One word, so that no step is ever half done, and any thread may die between two steps.
///
/// A waiter may leave with a grant only if the sequence has moved since it announced itself, so
/// that nobody who comes after a notification uses it up. A waiter whom the kernel woke leaves in
/// any case: if somebody took its grant, that one came in time for a later notification, whose
/// sleeper is still due; so one more leaves than was asked for, rather than one less.
#[derive(Debug)]
struct State(AtomicU64);

const WAITER: u64 = 1 << 32;
const GRANT: u64 = 1 << 48;
const MOST: u64 = 0xFFFF;

fn sequence(state: u64) -> u32 {
    state as u32
}

fn waiting(state: u64) -> u64 {
    (state / WAITER) & MOST
}

fn granted(state: u64) -> u64 {
    state / GRANT
}

impl State {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    fn announce(&self) -> u32 {
        let announced = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |state| {
            (waiting(state) < MOST).then_some(state + WAITER)
        });
        match announced {
            Ok(state) => sequence(state),
            Err(_) => panic!("a condition with {MOST} waiters can take no more"),
        }
    }

    /// Waits for a notification that comes after `announced`.
    fn wait(
        &self,
        announced: u32,
        deadline: Deadline,
        mut wait_on: impl FnMut(&Lower<'_>, u32) -> Waited,
    ) -> bool {
        let mut seen = announced;
        loop {
            let waited = wait_on(&Lower(&self.0), seen);
            let over = waited == Waited::TimedOut && deadline.passed();
            match self.leave(seen, waited == Waited::Woken, over) {
                Left::Notified => return true,
                Left::TimedOut => return false,
                Left::Stays(now) => seen = now,
            }
        }
    }

    /// Takes a waiter off, if it may go. Relaxed: what the news is about is guarded by the lock.
    fn leave(&self, seen: u32, woken: bool, over: bool) -> Left {
        let mut state = self.0.load(Ordering::Relaxed);
        loop {
            let moved = sequence(state) != seen;
            let (new, left) = if moved && granted(state) > 0 {
                (state - WAITER - GRANT, Left::Notified)
            } else if moved && woken {
                (state - WAITER, Left::Notified)
            } else if over {
                (state - WAITER, Left::TimedOut)
            } else {
                return Left::Stays(sequence(state));
            };
            match self.0.compare_exchange(state, new, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return left,
                Err(now) => state = now,
            }
        }
    }

    /// Grants up to `count` waiters their leave, and says how many sleepers that is to wake.
    fn grant(&self, count: usize) -> u64 {
        let count = u64::try_from(count).unwrap_or(MOST);
        let ready = |state: u64| (waiting(state) - granted(state)).min(count);
        let granted = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |state| {
            let sequence = u64::from(sequence(state).wrapping_add(1));
            let moved = state & !u64::from(u32::MAX) | sequence;
            (ready(state) > 0).then(|| moved + ready(state) * GRANT)
        });
        granted.map_or(0, ready)
    }

    fn notify(&self, count: usize, reach: Reach) {
        let granted = self.grant(count);
        if granted > 0 {
            futex::wake(&Lower(&self.0), granted as u32, reach);
        }
    }
}

enum Left {
    Notified,
    TimedOut,
    /// It stays, having seen this sequence.
    Stays(u32),
}

/// The condition of the thread scope.
#[repr(transparent)]
#[derive(Debug)]
pub struct Condition(State);

impl RawCondition for Condition {
    const NEW: Self = Self(State::new());

    fn announce(&self) -> u32 {
        self.0.announce()
    }

    fn wait(&self, announced: u32, deadline: Deadline) -> bool {
        self.0.wait(announced, deadline, |word, seen| {
            futex::wait(word, seen, deadline, Reach::Threads)
        })
    }

    fn notify(&self, count: usize) {
        self.0.notify(count, Reach::Threads);
    }
}

/// The condition of the process scope.
///
/// A waiter that dies after it was woken leaves its grant unused. So the others look again when a
/// process has died, and one of them takes it.
#[repr(transparent)]
#[derive(Debug)]
pub struct SharedCondition(State);

impl RawCondition for SharedCondition {
    const NEW: Self = Self(State::new());

    fn announce(&self) -> u32 {
        self.0.announce()
    }

    fn wait(&self, announced: u32, deadline: Deadline) -> bool {
        let deaths = Deaths::around(core::ptr::from_ref(self).addr());
        // From before the waiter looks at the grants, which it does after every sleep.
        let mut heard = None;
        self.0.wait(announced, deadline, |word, seen| {
            let waited = match heard {
                None => Waited::Again,
                Some(heard) => deaths.wait(heard, word, seen, deadline),
            };
            heard = Some(deaths.listen());
            waited
        })
    }

    fn notify(&self, count: usize) {
        self.0.notify(count, Reach::Processes);
    }
}
