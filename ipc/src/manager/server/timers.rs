//! When the time of parked calls is up.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::watch::Nudge;

pub(super) struct Timers {
    /// {when, call} and the object it waits at.
    due: Mutex<BTreeMap<(Instant, u64), u64>>,
    nudge: Nudge,
}

impl Timers {
    pub(super) fn new(nudge: Nudge) -> Timers {
        Timers { due: Mutex::default(), nudge }
    }

    fn due(&self) -> MutexGuard<'_, BTreeMap<(Instant, u64), u64>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, at: Instant, call: u64, object: u64) {
        let mut due = self.due();
        due.insert((at, call), object);
        let is_next = due.first_key_value().is_some_and(|(key, _)| *key == (at, call));
        drop(due);
        if is_next {
            self.nudge.give();
        }
    }

    pub(super) fn cancel(&self, at: Option<Instant>, call: u64) {
        if let Some(at) = at {
            self.due().remove(&(at, call));
        }
    }

    /// How long until the next.
    pub(super) fn next(&self) -> Option<Duration> {
        let due = self.due();
        let ((at, _), _) = due.first_key_value()?;
        Some(at.saturating_duration_since(Instant::now()))
    }

    /// Takes out those whose time is up: {call, object}.
    pub(super) fn take(&self) -> Vec<(u64, u64)> {
        let mut due = self.due();
        let later = due.split_off(&(Instant::now(), u64::MAX));
        let passed = std::mem::replace(&mut *due, later);
        passed.into_iter().map(|((_, call), object)| (call, object)).collect()
    }
}
