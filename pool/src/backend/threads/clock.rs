//! Since when each worker has been running what it runs.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::job::{ThreadJob, Watch};
use crate::call::Chunk;

/// Kept where items have a time limit.
pub(super) struct Clock {
    pub(super) limit: Duration,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    seats: Vec<Occupant>,
    /// The warden sleeps until something runs.
    warden_sleeps: bool,
    over: bool,
}

/// Who works in a seat.
#[derive(Default)]
struct Occupant {
    /// How many were given up before.
    tenure: u64,
    runs: Option<Run>,
}

/// What a worker runs.
pub(super) struct Run {
    pub(super) job: Arc<dyn ThreadJob>,
    pub(super) chunk: Chunk,
    /// The item. Those of the chunk before it are settled.
    pub(super) index: usize,
    since: Instant,
}

/// An item that has run too long. Its worker has been given up.
pub(super) struct Overdue {
    pub(super) seat: usize,
    /// Of its successor.
    pub(super) tenure: u64,
    pub(super) run: Run,
}

impl Clock {
    pub(super) fn new(limit: Duration, workers: usize) -> Clock {
        let seats = std::iter::repeat_with(Occupant::default).take(workers).collect();
        let state = State { seats, warden_sleeps: false, over: false };
        Clock { limit, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// There is nothing to watch any more.
    pub(super) fn stop(&self) {
        self.lock().over = true;
        self.changed.notify_all();
    }

    /// Sleeps until items have run too long, and gives their workers up. `None` once the clock is stopped.
    pub(super) fn next_overdue(&self) -> Option<Vec<Overdue>> {
        let mut state = self.lock();
        while !state.over {
            let running = state.seats.iter().filter_map(|seat| seat.runs.as_ref());
            let Some(first) = running.map(|run| run.since).min() else {
                state.warden_sleeps = true;
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.warden_sleeps = false;
                continue;
            };
            let left = self.limit.saturating_sub(first.elapsed());
            if left.is_zero() {
                return Some(state.give_up(self.limit));
            }
            // What begins meanwhile has more time than the first.
            let woken = self.changed.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn give_up(&mut self, limit: Duration) -> Vec<Overdue> {
        let mut all = Vec::new();
        for (seat, occupant) in self.seats.iter_mut().enumerate() {
            if let Some(run) = occupant.runs.take_if(|run| run.since.elapsed() >= limit) {
                occupant.tenure += 1;
                all.push(Overdue { seat, tenure: occupant.tenure, run });
            }
        }
        all
    }
}

/// A chunk under the clock.
pub(super) struct Timed<'a> {
    pub(super) clock: &'a Clock,
    pub(super) seat: usize,
    pub(super) tenure: u64,
    pub(super) job: &'a Arc<dyn ThreadJob>,
    pub(super) chunk: Chunk,
}

impl Watch for Timed<'_> {
    fn begin(&self, index: usize) {
        let (job, chunk, since) = (Arc::clone(self.job), self.chunk, Instant::now());
        let run = Run { job, chunk, index, since };
        let mut state = self.clock.lock();
        state.seats[self.seat].runs = Some(run);
        if state.warden_sleeps {
            self.clock.changed.notify_all();
        }
    }

    fn end(&self) -> bool {
        let mut state = self.clock.lock();
        let occupant = &mut state.seats[self.seat];
        let in_time = occupant.tenure == self.tenure;
        let run = if in_time { occupant.runs.take() } else { None };
        drop(state);
        drop(run);
        in_time
    }
}

/// A chunk that may take as long as it likes.
pub(super) struct Untimed;

impl Watch for Untimed {
    fn begin(&self, _: usize) {}

    fn end(&self) -> bool {
        true
    }
}
