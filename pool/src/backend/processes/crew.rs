//! The workers and the calls: what a report means.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use ipc::DecodeError;
use ipc::parcel::Decoder;

use super::job::ProcessJob;
use super::seat::{Dispatched, Seat};
use super::wire::{Report, Word};
use crate::call::{CallId, Schedule, Ticket};
use crate::error::TaskError;
use crate::stats::Tally;

/// The workers, the calls, and who has what.
pub(super) struct Crew {
    pub(super) schedule: Schedule<dyn ProcessJob>,
    pub(super) seats: Vec<Seat>,
    pub(super) tallies: Arc<[Tally]>,
    /// How many items were settled so far.
    pub(super) settled: u64,
    /// How long an item may run.
    pub(super) timeout: Option<Duration>,
}

/// What a message says to the supervisor itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    Nothing,
    /// Every message of the worker that was in this seat has been read.
    Gone {
        seat: usize,
    },
}

impl Crew {
    pub(super) fn new(tallies: Arc<[Tally]>, timeout: Option<Duration>) -> Crew {
        Crew { schedule: Schedule::new(), seats: Vec::new(), tallies, settled: 0, timeout }
    }

    /// Reads a message.
    pub(super) fn hear(&mut self, message: &mut Decoder<'_>) -> Result<Heard, DecodeError> {
        match message.take()? {
            Report::Look => Ok(Heard::Nothing),
            Report::Gone { seat } => Ok(Heard::Gone { seat }),
            Report::From { seat, word } => {
                self.word(seat, word, message);
                self.begins_next(seat);
                Ok(Heard::Nothing)
            }
        }
    }

    fn word(&mut self, seat: usize, word: Word, rest: &mut Decoder<'_>) {
        let Some(worker) = self.seats.get_mut(seat).and_then(|seat| seat.worker.as_mut()) else {
            return;
        };
        let error = match word {
            Word::Ready => {
                worker.ready = true;
                return;
            }
            Word::NotReady(panic) => {
                worker.not_ready = Some(panic);
                return;
            }
            Word::Rest => return self.rest_is_left(seat),
            Word::Done => None,
            Word::Panicked(panic) => Some(TaskError::Panicked(panic)),
            Word::Unencodable(error) => Some(TaskError::Encode(error)),
            Word::Unreadable(error) => Some(TaskError::Decode(error)),
        };
        let Some(sent) = worker.before_it.front_mut() else { return };
        let (call, index) = (sent.chunk.call, sent.chunk.start);
        sent.chunk.start += 1;
        if sent.chunk.len() == 0 {
            worker.before_it.pop_front();
        }
        if !worker.proven {
            worker.proven = true;
            self.seats[seat].starts.succeeded();
        }
        self.tallies[seat].tasks_done.fetch_add(1, Relaxed);
        // A call that was given up has nobody who wants its results.
        let Some(job) = self.schedule.job(call) else { return };
        let failed = match error {
            None => !job.accept(index, rest),
            Some(error) => {
                job.fail(index, error);
                true
            }
        };
        self.settle_one(call, failed);
    }

    /// The worker reports that it has left the rest of its chunk alone.
    fn rest_is_left(&mut self, seat: usize) {
        let Some(worker) = &mut self.seats[seat].worker else { return };
        let Some(sent) = worker.before_it.pop_front() else { return };
        if !sent.void {
            // It could not read on, or the call has been stopped; the schedule knows.
            self.schedule.put_back(sent.chunk);
        }
    }

    /// The item has no result but this error.
    pub(super) fn fail(&mut self, call: CallId, index: usize, error: TaskError) {
        if let Some(job) = self.schedule.job(call) {
            job.fail(index, error);
            self.settle_one(call, true);
        }
    }

    /// The item has its result.
    fn settle_one(&mut self, call: CallId, failed: bool) {
        self.settled += 1;
        if self.schedule.settled(call, 1, failed) {
            self.take_back(call);
        }
    }

    /// What the worker has before it first can begin now.
    fn begins_next(&mut self, seat: usize) {
        if self.timeout.is_some()
            && let Some(worker) = self.seats.get_mut(seat).and_then(|seat| seat.worker.as_mut())
        {
            let busy = worker.ready && !worker.before_it.is_empty();
            worker.since = busy.then(Instant::now);
        }
    }

    /// The call is stopped: what was sent of it is not to be begun.
    fn take_back(&mut self, call: CallId) {
        let Crew { seats, schedule, .. } = self;
        for worker in seats.iter_mut().filter_map(|seat| seat.worker.as_mut()) {
            worker.take_back(
                |sent| sent.chunk.call == call,
                |chunk| {
                    schedule.settled(call, chunk.len(), false);
                },
            );
        }
    }

    /// The call is given up: what was sent of it is not to be begun, and what runs is killed.
    pub(super) fn cancel(&mut self, call: CallId) -> Option<Ticket<dyn ProcessJob>> {
        let ticket = self.schedule.remove(call)?;
        for worker in self.seats.iter_mut().filter_map(|seat| seat.worker.as_mut()) {
            worker.take_back(|sent| sent.chunk.call == call, |_| {});
            if worker.before_it.iter().any(|sent| sent.chunk.call == call && !sent.void) {
                worker.kill_if_it_runs(|sent, _| sent.chunk.call == call, TaskError::Cancelled);
            }
        }
        Some(ticket)
    }

    /// When the first of the items that run now has run too long.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let timeout = self.timeout?;
        let workers = self.seats.iter().filter_map(|seat| seat.worker.as_ref());
        workers.filter_map(|worker| worker.since?.checked_add(timeout)).min()
    }

    /// Kills the workers whose items have run too long. Every report that was sent has been read.
    pub(super) fn end_overdue(&mut self) {
        let Some(after) = self.timeout else { return };
        let now = Instant::now();
        for worker in self.seats.iter_mut().filter_map(|seat| seat.worker.as_mut()) {
            let overdue = |since: Instant| now.saturating_duration_since(since) >= after;
            if !worker.since.is_some_and(overdue) {
                continue;
            }
            let first = worker.before_it.iter().find(|sent| !sent.void).map(|sent| sent.serial);
            let is_first =
                |sent: &Dispatched, index| Some(sent.serial) == first && index == sent.chunk.start;
            worker.kill_if_it_runs(is_first, TaskError::TimedOut { after });
            // Killed, it has no more time; and what it has not begun yet has as much as any.
            worker.since = worker.doom.is_none().then_some(now);
        }
    }

    /// Lets go of the calls that are over: who waits for them is woken.
    pub(super) fn release_ended(&mut self) {
        drop(self.schedule.take_ended());
    }
}
