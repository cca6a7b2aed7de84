//! Waiting for news about what a lock guards.

use crate::deadline::Deadline;
use crate::futex::{self, Lower, Reach, Waited};
use crate::primitive::{AtomicU64, Ordering};
use crate::raw::RawCondition;
use crate::raw::deaths::Deaths;
use crate::raw::face::Announced;

#[cfg(all(test, not(loom)))]
mod model;

/// ```text
/// bits  0..32  sequence: moves with every notification; this half is what waiters sleep on
/// bits 32..48  waiting: who has announced itself and not left
/// bits 48..64  granted: how many of them were notified and have not left; never above waiting
/// ```
///
/// One word, so that no step is ever half done, and any thread may die between two steps.
///
/// A waiter may leave with a grant only if the sequence has moved since it announced itself, so that nobody who comes
/// after a notification uses it up alone. But whoever was notified may find that others took the grants before it:
///
/// - All of them waited already when it was notified. Then whoever was to leave has left, and it stays.
/// - Or some are newcomers: they announced themselves while grants had not been taken, and took one by a later
///   notification, of those whom that one was for. Nobody can tell who is who, so that it leaves, and more leave than
///   were asked for rather than fewer.
///
/// Newcomers are counted, beside the word, before they announce themselves. As long as their number does not change,
/// every grant is taken by one whom its notification found waiting.
#[derive(Debug)]
struct State {
    word: AtomicU64,
    newcomers: AtomicU64,
}

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
        Self { word: AtomicU64::new(0), newcomers: AtomicU64::new(0) }
    }

    fn announce(&self) -> Announced {
        // Who comes between this and the announcement counts as later, too.
        let mut newcomers = self.newcomers.load(Ordering::Relaxed);
        let mut state = self.word.load(Ordering::Relaxed);
        loop {
            assert!(waiting(state) < MOST, "a condition with {MOST} waiters can take no more");
            if granted(state) > 0 {
                newcomers = self.newcomers.fetch_add(1, Ordering::Relaxed) + 1;
            }
            // Release pairs with the Acquire in `leave`: who finds this one's grant gone finds it counted.
            let new = state + WAITER;
            match self.word.compare_exchange(state, new, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return Announced { sequence: sequence(state), newcomers },
                Err(now) => state = now,
            }
        }
    }

    /// Waits for a notification that comes after `announced`.
    fn wait(
        &self,
        announced: Announced,
        deadline: Deadline,
        mut wait_on: impl FnMut(&Lower<'_>, u32) -> Waited,
    ) -> bool {
        let mut seen = announced;
        loop {
            let waited = wait_on(&Lower(&self.word), seen.sequence);
            let over = waited == Waited::TimedOut && deadline.passed();
            match self.leave(seen, over) {
                Left::Notified => return true,
                Left::TimedOut => return false,
                Left::Stays(now) => seen = now,
            }
        }
    }

    /// Takes a waiter off, if it may go. What the news is about is guarded by the lock.
    fn leave(&self, seen: Announced, over: bool) -> Left {
        // Acquire pairs with the Release in `announce`: the changes between are all exchanges.
        let mut state = self.word.load(Ordering::Acquire);
        loop {
            let moved = sequence(state) != seen.sequence;
            let newcomers = self.newcomers.load(Ordering::Relaxed);
            let (new, left) = if moved && granted(state) > 0 {
                (state - WAITER - GRANT, Left::Notified)
            } else if moved && newcomers != seen.newcomers {
                (state - WAITER, Left::Notified)
            } else if over {
                (state - WAITER, Left::TimedOut)
            } else {
                return Left::Stays(Announced { sequence: sequence(state), newcomers });
            };
            // Acquire as above.
            match self.word.compare_exchange(state, new, Ordering::Relaxed, Ordering::Acquire) {
                Ok(_) => return left,
                Err(now) => state = now,
            }
        }
    }

    /// Grants up to `count` waiters their leave, and says how many sleepers that is to wake.
    fn grant(&self, count: usize) -> u64 {
        let count = u64::try_from(count).unwrap_or(MOST);
        let ready = |state: u64| (waiting(state) - granted(state)).min(count);
        let granted = self.word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |state| {
            let sequence = u64::from(sequence(state).wrapping_add(1));
            let moved = state & !u64::from(u32::MAX) | sequence;
            (ready(state) > 0).then(|| moved + ready(state) * GRANT)
        });
        granted.map_or(0, ready)
    }

    fn notify(&self, count: usize, reach: Reach) {
        let granted = self.grant(count);
        if granted > 0 {
            futex::wake(&Lower(&self.word), granted as u32, reach);
        }
    }
}

enum Left {
    Notified,
    TimedOut,
    /// It stays, having seen this.
    Stays(Announced),
}

/// The condition of the thread scope.
#[repr(transparent)]
#[derive(Debug)]
pub struct Condition(State);

impl RawCondition for Condition {
    const NEW: Self = Self(State::new());

    fn announce(&self) -> Announced {
        self.0.announce()
    }

    fn wait(&self, announced: Announced, deadline: Deadline) -> bool {
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

    fn announce(&self) -> Announced {
        self.0.announce()
    }

    fn wait(&self, announced: Announced, deadline: Deadline) -> bool {
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
