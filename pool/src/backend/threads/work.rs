//! What each thread does.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, MutexGuard, PoisonError};

use proc_spawn::Failure;

use super::clock::{Timed, Untimed};
use super::job::{Ran, ThreadJob};
use super::shared::{Shared, State};
use crate::call::{Chunk, drop_quietly, end_all};
use crate::error::TaskError;
use crate::starts::{Next, Starts};
use crate::state::set_state;
use crate::stats::Tally;

/// A thread that says so when it is at its end, whatever brought it there.
struct Leaving<'a> {
    shared: &'a Shared,
    seat: usize,
    tenure: u64,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.shared.leave(self.seat, self.tenure);
    }
}

impl Shared {
    /// What each thread does.
    pub(super) fn work(self: Arc<Self>, seat: usize, tenure: u64) {
        let _leaving = Leaving { shared: &self, seat, tenure };
        self.work_off(seat, tenure);
        // Left to the end of the thread, a panic in its drop would be the end of the program.
        set_state(None);
    }

    fn work_off(self: &Arc<Self>, seat: usize, tenure: u64) {
        let tally = &self.tallies[seat];
        if !self.prepare((seat, tenure), tally) {
            return;
        }
        let mut chunks_left = self.settings.max_tasks;
        let mut state = self.lock();
        loop {
            let next = state.schedule.next();
            // What is over is dropped where nothing is locked: with it go values of the user's.
            let ended = state.schedule.take_ended();
            let job = next.and_then(|chunk| state.schedule.job(chunk.call).map(Arc::clone));
            tally.busy.store(job.is_some(), Relaxed);
            let (Some(chunk), Some(job)) = (next, job) else {
                if !ended.is_empty() {
                    drop(state);
                    drop(ended);
                    state = self.lock();
                } else if state.schedule.is_closed() {
                    return;
                } else {
                    state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                continue;
            };
            drop(state);
            drop(ended);
            let ran = self.run(&job, chunk, (seat, tenure));
            // The schedule has it as well, unless the call was given up.
            drop_quietly(job);
            let Ran::Through { failed } = ran else { return };
            tally.tasks_done.fetch_add(chunk.len() as u64, Relaxed);
            chunks_left = chunks_left.map(|left| left - 1);
            state = self.lock();
            state.schedule.settled(chunk.call, chunk.len(), failed);
            if chunks_left == Some(0) {
                return self.step_down(state, seat, tenure);
            }
        }
    }

    fn run(&self, job: &Arc<dyn ThreadJob>, chunk: Chunk, (seat, tenure): (usize, u64)) -> Ran {
        let items = chunk.start..chunk.end;
        match &self.clock {
            Some(clock) => job.run(items, &Timed { clock, seat, tenure, job, chunk }),
            None => job.run(items, &Untimed),
        }
    }

    /// The thread has run as much as it may.
    fn step_down(self: &Arc<Self>, mut state: MutexGuard<'_, State>, seat: usize, tenure: u64) {
        let ended = state.schedule.take_ended();
        state.ready -= 1;
        self.tallies[seat].busy.store(false, Relaxed);
        let is_over = state.is_over();
        drop(state);
        drop(ended);
        if !is_over {
            self.replace(seat, tenure + 1);
        }
    }

    /// Calls the initializer, more than once if it fails. Says whether there is anything to do after it.
    fn prepare(&self, (seat, tenure): (usize, u64), tally: &Tally) -> bool {
        let mut starts = Starts::default();
        let mut state = self.lock();
        loop {
            if state.is_over() {
                return false;
            }
            state.mark(seat, tenure, |member| member.prepares = true);
            drop(state);
            let prepared = self.initializer.run();
            state = self.lock();
            state.mark(seat, tenure, |member| member.prepares = false);
            let Err(panic) = prepared else {
                state.ready += 1;
                return true;
            };
            let delay = match starts.failed(0, state.ready > 0) {
                Next::StartAfter(delay) => delay,
                Next::GiveUp => {
                    let verdict = TaskError::Initializer(Failure::from(panic));
                    let given_up = state.break_off(&verdict);
                    drop(state);
                    self.wake_all();
                    end_all(given_up, &verdict);
                    return false;
                }
            };
            tally.restarts.fetch_add(1, Relaxed);
            let woken = self.ending.wait_timeout_while(state, delay, |state| !state.is_over());
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
