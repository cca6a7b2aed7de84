//! What the end of a worker means for what it had before it, and who comes after it.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use proc_spawn::{Failure, JoinError};

use super::agenda::Due;
use super::seat::Worker;
use super::supervisor::Supervisor;
use crate::call::{CallId, Chunk};
use crate::error::TaskError;
use crate::event::Event;
use crate::starts::{Next, retry_delay};

/// How a worker ended.
struct Death {
    pid: u32,
    signal: Option<i32>,
    exitcode: Option<i32>,
    /// What its handle says.
    outcome: Option<Result<(), JoinError>>,
}

impl Death {
    fn of(worker: &mut Worker) -> Death {
        let (code, outcome) = (worker.process.exitcode(), worker.process.try_join());
        let signal = match &outcome {
            Some(Err(JoinError::Crashed { signal, .. })) => Some(*signal),
            // Where exit codes may be negative, this is one.
            Some(Err(JoinError::Exited { .. } | JoinError::NotInitialized { .. })) => None,
            _ => code.and_then(i32::checked_neg).filter(|signal| *signal > 0),
        };
        let exitcode = code.filter(|_| signal.is_none());
        Death { pid: worker.process.id(), signal, exitcode, outcome }
    }

    /// What an item has that its worker died of.
    fn error(&self, attempts: u32, (index, item): (usize, Option<String>)) -> TaskError {
        match &self.outcome {
            Some(Err(JoinError::MemoryLimit { limit })) => TaskError::MemoryLimit { limit: *limit },
            _ => {
                let Death { pid, signal, exitcode, .. } = *self;
                TaskError::WorkerDied { pid, signal, exitcode, attempts, index, item }
            }
        }
    }

    /// Whether it is the one by which the supervisor kills, as far as is known.
    fn is_kill(&self) -> bool {
        self.signal == Some(SIGKILL) || self.exitcode == Some(UNKNOWN)
    }
}

/// The number of the signal that cannot be refused, or what stands for it.
const SIGKILL: i32 = 9;
/// What stands for the status of a child that somebody else has taken, or that nobody has as its parent ignores SIGCHLD.
const UNKNOWN: i32 = 255;

impl Supervisor {
    /// The worker of this seat is gone, and all that it said has been heard.
    pub(super) fn bury(&mut self, seat: usize) {
        self.crew.read_results(seat);
        let Some(mut worker) = self.crew.seats[seat].worker.take() else { return };
        let death = Death::of(&mut worker);
        self.crew.tallies[seat].pid.store(0, Relaxed);
        self.tell_of(seat, &death);
        let (had_work, was_of_use) = self.hand_back(&mut worker, &death);
        if self.has_finished() {
            return;
        }
        let next = if was_of_use {
            self.crew.seats[seat].starts.succeeded();
            Next::StartAfter(Duration::ZERO)
        } else {
            // A worker that somebody kills while there is nothing to do proves nothing.
            let innocent = worker.ready && !had_work;
            self.failed_start(seat, innocent)
        };
        let initializes = self.recruiter.initializes;
        self.follow(seat, next, || cause(worker, death, initializes));
    }

    fn tell_of(&self, seat: usize, death: &Death) {
        let Death { pid, signal, exitcode, .. } = *death;
        self.events.tell(|| Event::WorkerEnded { worker: seat, pid, signal, exitcode });
    }

    /// What the worker had before it goes elsewhere, but for the item that it was running. Says whether
    /// there was anything, and whether the worker was of use.
    fn hand_back(&mut self, worker: &mut Worker, death: &Death) -> (bool, bool) {
        let last = worker.control.last_begun();
        let left: Vec<_> = worker.before_it.drain(..).filter(|sent| !sent.void).collect();
        let (had_work, mut was_of_use) = (!left.is_empty(), worker.proven);
        // From the last to the first, so that the first is first in the queue.
        for mut sent in left.into_iter().rev() {
            let begun = sent.item() == last;
            was_of_use |= begun;
            let (call, index) = (sent.chunk.call, sent.chunk.start);
            if begun && let Some(doom) = worker.doom.take_if(|_| death.is_kill()) {
                self.crew.fail(call, index, doom);
            } else if sent.moved {
                // Its worker had the only one there was.
                self.retry_or_fail(call, index, death, 0);
            } else if begun {
                self.retry_or_fail(call, index, death, self.retries);
            }
            if !sent.moved {
                sent.chunk.start += usize::from(begun);
                self.crew.schedule.put_back(sent.chunk);
            }
        }
        (had_work, was_of_use)
    }

    fn retry_or_fail(&mut self, call: CallId, index: usize, death: &Death, retries: u32) {
        let schedule = &mut self.crew.schedule;
        let attempts = schedule.count_attempt(call, index);
        let Some(job) = schedule.job(call) else { return };
        let (place, item) = job.name(index);
        let error = death.error(attempts, (place, item.clone()));
        if attempts > retries || schedule.is_stopped(call) {
            return self.crew.fail(call, index, error);
        }
        self.events.tell(|| Event::TaskRetried { index: place, item, attempts, error });
        let again = Chunk { call, start: index, end: index + 1 };
        self.agenda.add(retry_delay(attempts), Due::Retry(again));
    }

    /// Starts a worker for an empty seat.
    pub(super) fn fill(&mut self, seat: usize) {
        if self.has_finished() || self.crew.seats[seat].worker.is_some() {
            return;
        }
        match self.recruiter.hire(seat) {
            Ok(worker) => {
                let (tally, pid) = (&self.crew.tallies[seat], worker.process.id());
                tally.pid.store(pid, Relaxed);
                tally.restarts.fetch_add(1, Relaxed);
                self.crew.seats[seat].worker = Some(worker);
                self.events.tell(|| Event::WorkerStarted { worker: seat, pid });
            }
            Err(error) => {
                let next = self.failed_start(seat, false);
                self.follow(seat, next, || TaskError::Broken(Failure::from(error)));
            }
        }
    }

    fn follow(&mut self, seat: usize, next: Next, cause: impl FnOnce() -> TaskError) {
        match next {
            Next::GiveUp => self.break_off(cause()),
            Next::StartAfter(delay) if delay.is_zero() => self.fill(seat),
            Next::StartAfter(delay) => self.agenda.add(delay, Due::Fill { seat }),
        }
    }

    fn failed_start(&mut self, seat: usize, innocent: bool) -> Next {
        let workers = self.crew.seats.iter().filter_map(|seat| seat.worker.as_ref());
        let others_work = workers.into_iter().any(|worker| worker.ready);
        self.crew.seats[seat].starts.failed(self.crew.settled, innocent || others_work)
    }
}

/// Why a worker was of no use.
fn cause(worker: Worker, death: Death, initializes: bool) -> TaskError {
    if let Some(panic) = worker.not_ready {
        return TaskError::Initializer(Failure::from(panic));
    }
    match death.outcome {
        Some(Err(error)) => {
            let died = matches!(
                error,
                JoinError::Crashed { .. }
                    | JoinError::Exited { .. }
                    | JoinError::MemoryLimit { .. }
            );
            let failure = Failure::from(error);
            if died && initializes && !worker.ready {
                TaskError::Initializer(failure)
            } else {
                TaskError::Broken(failure)
            }
        }
        _ => TaskError::Broken(Failure::new("a worker ended without being told to")),
    }
}
