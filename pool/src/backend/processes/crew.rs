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
    /// The item that waits for a worker that can begin it at once, as was found last.
    pub(super) moves: Option<(CallId, usize)>,
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
        let (schedule, seats) = (Schedule::new(), Vec::new());
        Crew { schedule, seats, tallies, settled: 0, timeout, moves: None }
    }

    /// Reads a message.
    pub(super) fn hear(&mut self, message: &mut Decoder<'_>) -> Result<Heard, DecodeError> {
        match message.take()? {
            Report::Look => Ok(Heard::Nothing),
            Report::Gone { seat } => Ok(Heard::Gone { seat }),
            Report::From { seat, number, word } => {
                // Those before it; and those after it, which nobody may tell of any more.
                self.read_results(seat);
                self.word(seat, (number, word), message);
                self.read_results(seat);
                self.begins_next(seat);
                Ok(Heard::Nothing)
            }
        }
    }

    /// Reads what the worker has written down, up to a report that comes by message.
    pub(super) fn read_results(&mut self, seat: usize) {
        while self.read_results_of_a_chunk(seat) {}
        if let Some(worker) = self.seats.get(seat).and_then(|seat| seat.worker.as_ref()) {
            worker.results.release();
        }
    }

    /// The same for the first chunk that it has before it. Says whether there was anything. What is the same
    /// for all of its items is done once.
    fn read_results_of_a_chunk(&mut self, seat: usize) -> bool {
        let Crew { seats, schedule, .. } = self;
        let Some(Seat { worker: Some(worker), .. }) = seats.get_mut(seat) else { return false };
        let Some(sent) = worker.before_it.front_mut() else { return false };
        let (call, items) = (sent.chunk.call, sent.chunk.start..sent.chunk.end);
        let (done, failed) = match schedule.job(call) {
            Some(job) => job.accept_written(items, &mut worker.results, worker.reported),
            // It was given up: nobody wants its results.
            None => (worker.results.skip(items.len(), worker.reported), false),
        };
        worker.reported += done as u64;
        sent.chunk.start += done;
        if done > 0 {
            self.items_ended(seat, call, (done, failed));
        }
        done > 0
    }

    fn word(&mut self, seat: usize, (number, word): (u64, Word), rest: &mut Decoder<'_>) {
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
            Word::Written => return worker.results.ledger.answer(),
            Word::Rest => None,
            Word::Done => {
                worker.reported = number + 1;
                return self.item_ended(seat, |job, index| job.accept(index, rest));
            }
            Word::Panicked(panic) => Some(TaskError::Panicked(panic)),
            Word::Unencodable(error) => Some(TaskError::Encode(error)),
            Word::Unreadable(error) => Some(TaskError::Decode(error)),
        };
        worker.reported = number + 1;
        let Some(error) = error else { return self.rest_is_left(seat) };
        self.item_ended(seat, |job, index| {
            job.fail(index, error);
            false
        });
    }

    /// The first item that the worker has before it has an outcome. `settle` says whether it is a success.
    fn item_ended(&mut self, seat: usize, settle: impl FnOnce(&dyn ProcessJob, usize) -> bool) {
        let Some(worker) = &mut self.seats[seat].worker else { return };
        let Some(sent) = worker.before_it.front_mut() else { return };
        let (call, index) = (sent.chunk.call, sent.chunk.start);
        sent.chunk.start += 1;
        let failed = self.schedule.job(call).is_some_and(|job| !settle(&**job, index));
        self.items_ended(seat, call, (1, failed));
    }

    /// So many items of the first chunk that the worker has before it are settled.
    fn items_ended(&mut self, seat: usize, call: CallId, (items, failed): (usize, bool)) {
        let Seat { worker: Some(worker), starts } = &mut self.seats[seat] else { return };
        if worker.before_it.front().is_some_and(|sent| sent.chunk.len() == 0) {
            worker.before_it.pop_front();
        }
        if !worker.proven {
            worker.proven = true;
            starts.succeeded();
        }
        self.tallies[seat].tasks_done.fetch_add(items as u64, Relaxed);
        self.settle(call, items, failed);
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
            self.settle(call, 1, true);
        }
    }

    /// So many items have their results.
    fn settle(&mut self, call: CallId, items: usize, failed: bool) {
        self.settled += items as u64;
        if self.schedule.settled(call, items, failed) {
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
