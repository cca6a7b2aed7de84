//! Who is sent what.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use super::crew::Crew;
use super::seat::{Seat, Unsent, Worker};
use crate::call::Chunk;
use crate::error::TaskError;

impl Crew {
    /// Sends out what there is to do, as far as workers have room for it.
    pub(super) fn dispatch(&mut self) {
        if !self.schedule.is_drained() {
            self.widen_the_dry();
            while let Some(seat) = self.least_busy() {
                let Some(chunk) = self.schedule.next() else { break };
                if !self.send(seat, chunk) {
                    break;
                }
            }
        }
        while self.schedule.is_drained() && self.even_out() {}
        for (seat, tally) in self.seats.iter_mut().zip(&*self.tallies) {
            let busy = seat.worker.as_ref().is_some_and(|worker| !worker.before_it.is_empty());
            tally.busy.store(busy, Relaxed);
            seat.worker.iter_mut().filter(|worker| worker.is_spent()).for_each(Worker::dismiss);
            if !busy && self.schedule.is_drained() {
                seat.worker.iter_mut().for_each(Worker::narrow);
            }
        }
    }

    fn widen_the_dry(&mut self) {
        let workers = self.seats.iter_mut().filter_map(|seat| seat.worker.as_mut());
        workers.filter(|worker| worker.is_idle() && worker.proven).for_each(Worker::widen);
    }

    /// The seat of the worker with the fewest chunks before it, among those that have room; of several one that can begin.
    fn least_busy(&self) -> Option<usize> {
        let workers = self.seats.iter().enumerate();
        let workers = workers.filter_map(|(seat, it)| Some((seat, it.worker.as_ref()?)));
        let with_room = workers.filter(|(_, worker)| worker.has_room());
        let first = with_room.min_by_key(|(_, it)| (it.before_it.len(), !it.ready));
        first.map(|(seat, _)| seat)
    }

    /// Says whether there is any sense in sending the next one.
    fn send(&mut self, seat: usize, chunk: Chunk) -> bool {
        let Some(job) = self.schedule.job(chunk.call).map(Arc::clone) else { return true };
        // If it is, it need not be written anew for the same answer.
        let is_known = self.moves == Some((chunk.call, chunk.start));
        let sent = match self.seats[seat].worker.as_mut() {
            None => Err(Unsent::Gone),
            Some(worker) if is_known && !worker.is_idle() => Err(Unsent::NotYet),
            Some(worker) => worker.send(chunk, &*job),
        };
        match sent {
            Ok(()) => self.may_begin_at_once(seat),
            Err(Unsent::NotYet) => {
                self.moves = Some((chunk.call, chunk.start));
                self.schedule.put_back(chunk);
                return false;
            }
            Err(Unsent::Gone) => self.schedule.put_back(chunk),
            // A letter about the whole call is on its way.
            Err(Unsent::Unwanted) => {
                self.schedule.settled(chunk.call, chunk.len(), false);
            }
            // One of its items is to blame. Find out which.
            Err(Unsent::Unencodable(_)) if chunk.len() > 1 => self.schedule.put_back_halved(chunk),
            Err(Unsent::Unencodable(error)) => {
                self.fail(chunk.call, chunk.start, TaskError::Encode(error));
            }
        }
        true
    }

    /// What was sent is the first that the worker has before it.
    fn may_begin_at_once(&mut self, seat: usize) {
        if self.timeout.is_some()
            && let Some(worker) = &mut self.seats[seat].worker
            && worker.ready
        {
            worker.since.get_or_insert_with(Instant::now);
        }
    }

    /// Nothing is left to be sent, but one worker may have nothing to do while another has more than
    /// it can begin. Says whether it might be worth another look.
    fn even_out(&mut self) -> bool {
        let is_idle = |seat: &Seat| seat.worker.as_ref().is_some_and(Worker::is_idle);
        let Some(idle) = self.seats.iter().position(is_idle) else { return false };
        let workers = self.seats.iter_mut().filter_map(|seat| seat.worker.as_mut());
        let busiest = workers.max_by_key(|worker| worker.burden());
        let Some(chunk) = busiest.and_then(Worker::give_back) else { return false };
        self.send(idle, chunk);
        true
    }
}
