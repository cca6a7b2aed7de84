//! How long to look again and again before going to sleep.
//!
//! A sleep and a wake-up cost tens of microseconds, and a peer that runs on another processor often answers
//! in less than one. On the same processor, or when nobody is about to answer, every look is wasted. Whether
//! the peer was on this processor is known where it says so. The rest shows only afterwards, so each thread
//! goes by what came of its last waits: one that ended in time allows the next ones the most, each that did
//! not halves that. Of many that are allowed nothing one tries all the same, for the system moves those who
//! share a processor apart when they keep it busy; the less often, the more of these have been in vain.

use std::cell::Cell;
use std::hint;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::sys::processor;

/// About what a sleep and a wake-up cost.
const MOST: Duration = Duration::from_micros(50);
/// Less than this is not worth a look at the clock.
const LEAST: Duration = Duration::from_micros(1);
/// One of so many waits tries whether it would be worth while again; at first, and at last.
const RETRY: u32 = 64;
const RETRY_LAST: u32 = 64 * RETRY;
/// Looks between two looks at the clock.
const TURNS: u32 = 16;

thread_local! {
    static HABIT: Cell<Habit> = const { Cell::new(NEW) };
}

const NEW: Habit = Habit { allowed: MOST, skipped: 0, retry: RETRY };

/// What a thread has learnt.
#[derive(Debug, Clone, Copy)]
struct Habit {
    allowed: Duration,
    /// Waits since one was allowed anything.
    skipped: u32,
    /// One of so many of them tries.
    retry: u32,
}

impl Habit {
    /// How long the next wait may take. `hopeless`: it had better not be long.
    fn allow(&mut self, hopeless: bool) -> Duration {
        if !(hopeless || self.allowed.is_zero()) {
            return self.allowed;
        }
        self.skipped += 1;
        if self.skipped < self.retry {
            return Duration::ZERO;
        }
        self.skipped = 0;
        self.retry = (self.retry * 2).min(RETRY_LAST);
        MOST
    }

    fn was_worth_while(&mut self) {
        *self = NEW;
    }

    fn was_in_vain(&mut self) {
        let half = self.allowed / 2;
        self.allowed = if half < LEAST { Duration::ZERO } else { half };
    }
}

/// One wait.
#[derive(Debug)]
pub(crate) struct Spin {
    turns: u32,
    allowed: Duration,
    /// Since the first look at the clock.
    began: Option<Instant>,
    over: bool,
    /// Where the peer was last, if it says so.
    peer: Option<&'static AtomicU32>,
}

impl Spin {
    #[inline]
    pub(crate) fn new() -> Spin {
        Spin { turns: 0, allowed: Duration::ZERO, began: None, over: false, peer: None }
    }

    /// For a peer that says on which processor it is.
    pub(crate) fn beside(peer: &'static AtomicU32) -> Spin {
        Spin { peer: Some(peer), ..Spin::new() }
    }

    /// No wait.
    pub(crate) fn none() -> Spin {
        Spin { over: true, ..Spin::new() }
    }

    /// Passes a moment and returns `true`, or it is time to sleep.
    pub(crate) fn turn(&mut self) -> bool {
        if self.turns == 0 && !self.over {
            // Relaxed: a hint.
            let peer = self.peer.map(|peer| peer.load(Ordering::Relaxed));
            let here = peer == Some(processor::current());
            self.allowed = if alone() { Duration::ZERO } else { habit(|habit| habit.allow(here)) };
            self.over = self.allowed.is_zero();
        }
        if self.over {
            return false;
        }
        self.turns = self.turns.wrapping_add(1).max(1);
        if self.turns.is_multiple_of(TURNS) {
            let now = Instant::now();
            let began = *self.began.get_or_insert(now);
            if now - began >= self.allowed {
                self.over = true;
                habit(Habit::was_in_vain);
                return false;
            }
        }
        hint::spin_loop();
        true
    }

    /// Whether this is past.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }
}

impl Drop for Spin {
    #[inline]
    fn drop(&mut self) {
        if self.turns > 0 && !self.over {
            habit(Habit::was_worth_while);
        }
    }
}

fn habit<R>(change: impl FnOnce(&mut Habit) -> R) -> R {
    HABIT.with(|kept| {
        let mut habit = kept.get();
        let result = change(&mut habit);
        kept.set(habit);
        result
    })
}

/// With one processor nobody can answer while this thread looks. That this thread is bound to one says nothing: its
/// peer may be bound to another.
fn alone() -> bool {
    static ALONE: OnceLock<bool> = OnceLock::new();
    *ALONE.get_or_init(|| processor::count() == 1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{MOST, NEW, RETRY, RETRY_LAST};

    #[test]
    fn waits_in_vain_are_given_up_and_tried_again_ever_less_often() {
        let mut habit = NEW;
        let mut wasted = Duration::ZERO;
        while !habit.allowed.is_zero() {
            wasted += habit.allow(false);
            habit.was_in_vain();
        }
        assert!(wasted < 2 * MOST, "{wasted:?}");
        let mut tries = |waits| (0..waits).filter(|_| !habit.allow(false).is_zero()).count();
        assert_eq!((tries(RETRY), tries(2 * RETRY), tries(4 * RETRY)), (1, 1, 1));
        tries(10 * RETRY_LAST);
        assert!((9..=11).contains(&tries(10 * RETRY_LAST)));
        habit.was_worth_while();
        assert_eq!(habit.allow(false), MOST);
    }

    #[test]
    fn beside_a_peer_on_the_same_processor_only_the_odd_wait_is_long() {
        let mut habit = NEW;
        let tries = (0..RETRY).filter(|_| !habit.allow(true).is_zero()).count();
        assert_eq!(tries, 1);
        assert_eq!(habit.allow(false), MOST, "it may have moved");
    }
}
