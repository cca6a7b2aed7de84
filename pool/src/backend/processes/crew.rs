//! The workers and the calls: what a report means.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use ipc::DecodeError;
use ipc::parcel::Decoder;

use super::job::ProcessJob;
use super::seat::Seat;
use super::wire::{Report, Word};
use crate::chunk::CallId;
use crate::error::TaskError;
use crate::schedule::Schedule;
use crate::stats::Tally;

/// The workers, the calls, and who has what.
pub(super) struct Crew {
    pub(super) schedule: Schedule<dyn ProcessJob>,
    pub(super) seats: Vec<Seat>,
    pub(super) tallies: Arc<[Tally]>,
    /// How many items were settled so far.
    pub(super) settled: u64,
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
    pub(super) fn new(tallies: Arc<[Tally]>) -> Crew {
        Crew { schedule: Schedule::new(), seats: Vec::new(), tallies, settled: 0 }
    }

    /// Reads a message.
    pub(super) fn hear(&mut self, message: &mut Decoder<'_>) -> Result<Heard, DecodeError> {
        match message.take()? {
            Report::Look => Ok(Heard::Nothing),
            Report::Gone { seat } => Ok(Heard::Gone { seat }),
            Report::From { seat, word } => {
                self.word(seat, word, message);
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

    /// The call is stopped: what was sent of it is not to be begun.
    fn take_back(&mut self, call: CallId) {
        for worker in self.seats.iter_mut().filter_map(|seat| seat.worker.as_mut()) {
            for sent in worker.before_it.iter_mut().filter(|sent| sent.chunk.call == call) {
                if !sent.void && worker.control.take_back(sent.place) {
                    sent.void = true;
                    self.schedule.settled(call, sent.chunk.len(), false);
                }
            }
        }
    }

    /// Lets go of the calls that are over: who waits for them is woken.
    pub(super) fn release_ended(&mut self) {
        drop(self.schedule.take_ended());
    }
}
