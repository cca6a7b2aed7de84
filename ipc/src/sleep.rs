//! Going to sleep at a ring or a stream, and getting up again.

use std::time::Duration;

use sync_prims::Deadline;
use sync_prims::raw::{EventCount, Key};

use crate::heap::Signal;
use crate::program::Program;
use crate::spin::Spin;

/// How long an operation may sleep.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Patience {
    /// Not at all.
    None,
    Until(Deadline),
}

impl Patience {
    /// Whether the time is up for what goes on in steps of which none has to wait.
    pub(crate) fn is_over(self) -> bool {
        matches!(self, Patience::Until(deadline) if deadline.passed())
    }
}

/// Why a message did not go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failed {
    Disconnected,
    Full,
    Timeout,
}

/// The longest sleep of a thread that the system has too little left for to be woken by all it waits for:
/// a process without a keeper asks for one again, and a keeper for what it could not watch.
pub(crate) const SLICE: Duration = Duration::from_millis(50);

pub(crate) enum Slept {
    TryAgain,
    NotAllowed,
    TimeIsUp,
}

/// Puts a thread to sleep on an event count, in the order that loses no wake: try for a while, listen, try
/// once more, sleep.
pub(crate) struct Sleeper<'a> {
    event_count: &'a EventCount,
    patience: Patience,
    spin: Spin,
    listening: Option<Key>,
    time_is_up: bool,
}

impl<'a> Sleeper<'a> {
    #[inline]
    pub(crate) fn new(signal: &'a Signal, patience: Patience) -> Sleeper<'a> {
        let event_count = signal.sleepers();
        Sleeper { event_count, patience, spin: Spin::new(), listening: None, time_is_up: false }
    }

    /// With another patience before it goes to sleep.
    pub(crate) fn spinning(mut self, spin: Spin) -> Sleeper<'a> {
        self.spin = spin;
        self
    }

    /// Whether it would go to sleep soon, or has slept: time for what a quick answer makes needless.
    pub(crate) fn is_tired(&self) -> bool {
        self.spin.is_over()
    }

    /// Called after each attempt that failed. All others may fail as well, unless this process notices
    /// the end of those who were to make them succeed.
    pub(crate) fn sleep(&mut self) -> Slept {
        let deadline = match self.patience {
            Patience::None => {
                notices_ends();
                return Slept::NotAllowed;
            }
            // The attempt after the time was up failed as well.
            Patience::Until(_) if self.time_is_up => return Slept::TimeIsUp,
            Patience::Until(deadline) => deadline,
        };
        if self.spin.turn() {
            return Slept::TryAgain;
        }
        if let Some(key) = self.listening.take() {
            self.time_is_up = if notices_ends() {
                !self.event_count.wait(key, deadline)
            } else {
                let soon = deadline.remaining().map_or(SLICE, |left| left.min(SLICE));
                !self.event_count.wait(key, Deadline::after(soon)) && deadline.passed()
            };
        } else {
            self.listening = Some(self.event_count.listen());
        }
        Slept::TryAgain
    }
}

/// Whether this process notices the end of others.
fn notices_ends() -> bool {
    Program::current().and_then(|program| program.keeper.ensure()).is_ok()
}
