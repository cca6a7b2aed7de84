//! A flag to wait for.

use crate::deadline::Deadline;
use crate::futex::robust::{Head, node_of_word};
use crate::futex::{self, Lower, Reach, Waited};
use crate::primitive::{AtomicU64, Ordering};
use crate::raw::RawEvent;
use crate::raw::deaths::sleep_on_record;
use crate::raw::identity;

/// ```text
/// bit  30      SET
/// bit  31      SLEEPERS: somebody may sleep (never together with SET)
/// bits 32..64  generation: counts how often the event became set
/// ```
///
/// Sleepers sleep on the lower half, which has none of the bits in which the kernel would look
/// for an owner; that is what makes it pass on the wake-up of a thread that dies.
#[derive(Debug)]
struct State(AtomicU64);

const SET: u64 = 1 << 30;
const SLEEPERS: u64 = 1 << 31;
const GENERATION: u32 = 32;

impl State {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Sets; `true` if there may be sleepers to wake.
    #[inline]
    fn set(&self) -> bool {
        let set = |state: u64| {
            if state & SET != 0 {
                return Some(state);
            }
            let generation = (state >> GENERATION).wrapping_add(1);
            Some(generation << GENERATION | SET)
        };
        // Release pairs with the Acquire loads of the waiters; so it is a store even if the
        // event is set already.
        let old = self.0.fetch_update(Ordering::Release, Ordering::Relaxed, set);
        old.is_ok_and(|old| old & SLEEPERS != 0)
    }

    fn clear(&self) {
        self.0.fetch_and(!SET, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        // Acquire pairs with the Release in `set`.
        self.0.load(Ordering::Acquire) & SET != 0
    }

    fn wake_all(&self, reach: Reach) {
        futex::wake(&Lower(&self.0), u32::MAX, reach);
    }

    /// Waits for the event to be set, or to have been set since the call began.
    fn wait(&self, deadline: Deadline, sleep_on: impl Fn(&Lower<'_>, u32) -> Waited) -> Outcome {
        // Acquire pairs with the Release in `set`.
        let mut state = self.0.load(Ordering::Acquire);
        let began = state >> GENERATION;
        let mut slept = false;
        loop {
            if state & SET != 0 || state >> GENERATION != began {
                return Outcome { set: true, slept };
            }
            let marked = state | SLEEPERS;
            if state != marked {
                // Acquire pairs with the Release in `set`.
                let result =
                    self.0.compare_exchange(state, marked, Ordering::Relaxed, Ordering::Acquire);
                if let Err(now) = result {
                    state = now;
                    continue;
                }
            }
            let waited = sleep_on(&Lower(&self.0), marked as u32);
            slept = true;
            // Acquire pairs with the Release in `set`.
            state = self.0.load(Ordering::Acquire);
            let set = state & SET != 0 || state >> GENERATION != began;
            if !set && waited == Waited::TimedOut && deadline.passed() {
                return Outcome { set: false, slept };
            }
        }
    }
}

struct Outcome {
    set: bool,
    slept: bool,
}

/// The event of the thread scope.
#[repr(transparent)]
#[derive(Debug)]
pub struct Event(State);

impl RawEvent for Event {
    const NEW: Self = Self(State::new());

    #[inline]
    fn set(&self) {
        if self.0.set() {
            self.0.wake_all(Reach::Threads);
        }
    }

    fn clear(&self) {
        self.0.clear();
    }

    #[inline]
    fn is_set(&self) -> bool {
        self.0.is_set()
    }

    fn wait(&self, deadline: Deadline) -> bool {
        self.0
            .wait(deadline, |word, expected| futex::wait(word, expected, deadline, Reach::Threads))
            .set
    }
}

/// The event of the process scope.
///
/// A thread that dies between setting the flag and waking the sleepers has its word on record
/// with the kernel, which then wakes one of them; and so has every sleeper, in case it dies
/// between being woken and passing the wake-up on to the rest, as every sleeper does.
#[repr(transparent)]
#[derive(Debug)]
pub struct RobustEvent(State);

impl RobustEvent {
    /// Runs `f` with the word on record at the kernel.
    fn on_record<R>(&self, f: impl FnOnce() -> R) -> R {
        identity::with(|me| {
            let head: Option<&Head> = me.head();
            if let Some(head) = head {
                head.begin(node_of_word(&Lower(&self.0.0)));
            }
            let result = f();
            if let Some(head) = head {
                head.done();
            }
            result
        })
    }
}

impl RawEvent for RobustEvent {
    const NEW: Self = Self(State::new());

    #[inline]
    fn set(&self) {
        self.on_record(|| {
            if self.0.set() {
                self.0.wake_all(Reach::Processes);
            }
        });
    }

    fn clear(&self) {
        self.0.clear();
    }

    #[inline]
    fn is_set(&self) -> bool {
        self.0.is_set()
    }

    fn wait(&self, deadline: Deadline) -> bool {
        if self.0.is_set() {
            return true;
        }
        self.on_record(|| {
            let sleep_on = |word: &Lower<'_>, expected| sleep_on_record(word, expected, deadline);
            let waited = self.0.wait(deadline, sleep_on);
            if waited.set && waited.slept {
                self.0.wake_all(Reach::Processes);
            }
            waited.set
        })
    }
}
