//! How long to look again and again before going to sleep.
//!
//! A sleep and a wake-up cost tens of microseconds, and a peer that runs on another processor often answers
//! in less than one. On the same processor, or when nobody is about to answer, every look is wasted. Which
//! it is shows only afterwards, so each thread goes by what came of its last waits: one that ended in time
//! allows the next ones the most, each that did not halves that, and of many that are allowed nothing one tries
//! again.

use std::cell::Cell;
use std::hint;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// About what a sleep and a wake-up cost.
const MOST: Duration = Duration::from_micros(50);
/// Less than this is not worth a look at the clock.
const LEAST: Duration = Duration::from_micros(1);
/// One of so many waits tries whether it would be worth while again.
const RETRY: u32 = 64;
/// Looks between two looks at the clock.
const TURNS: u32 = 16;

thread_local! {
    static HABIT: Cell<Habit> = const { Cell::new(Habit { allowed: MOST, skipped: 0 }) };
}

/// What a thread has learnt.
#[derive(Debug, Clone, Copy)]
struct Habit {
    allowed: Duration,
    /// Waits since one was allowed anything.
    skipped: u32,
}

impl Habit {
    /// How long the next wait may take.
    fn allow(&mut self) -> Duration {
        if !self.allowed.is_zero() {
            return self.allowed;
        }
        self.skipped = (self.skipped + 1) % RETRY;
        if self.skipped == 0 { MOST } else { Duration::ZERO }
    }

    fn was_worth_while(&mut self) {
        self.allowed = MOST;
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
}

impl Spin {
    pub(crate) fn new() -> Spin {
        Spin { turns: 0, allowed: Duration::ZERO, began: None, over: false }
    }

    /// Passes a moment and returns `true`, or it is time to sleep.
    pub(crate) fn turn(&mut self) -> bool {
        if self.turns == 0 {
            self.allowed = if alone() { Duration::ZERO } else { habit(Habit::allow) };
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

/// With one processor nobody can answer while this thread looks.
fn alone() -> bool {
    static ALONE: OnceLock<bool> = OnceLock::new();
    *ALONE.get_or_init(|| {
        thread::available_parallelism().is_ok_and(|processors| processors.get() == 1)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Habit, MOST, RETRY};

    #[test]
    fn waits_in_vain_are_given_up_and_tried_again_now_and_then() {
        let mut habit = Habit { allowed: MOST, skipped: 0 };
        let mut wasted = Duration::ZERO;
        while !habit.allowed.is_zero() {
            wasted += habit.allow();
            habit.was_in_vain();
        }
        assert!(wasted < 2 * MOST, "{wasted:?}");
        let tries = (0..10 * RETRY).filter(|_| !habit.allow().is_zero()).count();
        assert_eq!(tries, 10);
        habit.was_worth_while();
        assert_eq!(habit.allow(), MOST);
    }
}
