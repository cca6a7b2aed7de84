//! Which items are run next, and when a call is over. Knows nothing of workers and does nothing by
//! itself: both backends drive it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::chunk::{CallId, Chunk};
use super::job::Job;
use super::ticket::Ticket;

/// The calls that a pool has taken on.
pub(crate) struct Schedule<J: ?Sized + Job> {
    calls: Vec<Place<J>>,
    free: Vec<usize>,
    open: usize,
    /// Some of it may be of calls that are stopped or over: it is passed over when its turn comes, so
    /// that stopping a call costs the same however much waits.
    queue: VecDeque<Span>,
    /// How long the queue was when all that is passed over was dropped from it last.
    swept: usize,
    ended: Vec<Ticket<J>>,
    closed: bool,
}

/// Room for a call.
struct Place<J: ?Sized + Job> {
    generation: u64,
    call: Option<Open<J>>,
}

/// A call that is not over.
struct Open<J: ?Sized + Job> {
    ticket: Ticket<J>,
    /// Items that are neither settled nor skipped.
    left: usize,
    /// Those of them that wait in the queue.
    waiting: usize,
    stopped: bool,
    /// How often items were begun whose workers died of it.
    attempts: BTreeMap<usize, u32>,
}

/// Items that wait for a worker. However many they are, they are one entry of the queue.
struct Span {
    call: CallId,
    next: usize,
    end: usize,
    chunk: usize,
}

/// A queue of no more entries is left as it is.
const SHORT: usize = 64;

impl<J: ?Sized + Job> Schedule<J> {
    pub(crate) fn new() -> Self {
        Self {
            calls: Vec::new(),
            free: Vec::new(),
            open: 0,
            queue: VecDeque::new(),
            swept: 0,
            ended: Vec::new(),
            closed: false,
        }
    }

    /// Takes a call on, in chunks of this many items; a closed schedule ends it at once.
    pub(crate) fn submit(&mut self, ticket: Ticket<J>, chunk: usize) {
        let left = ticket.job().len();
        if self.closed || left == 0 {
            return self.ended.push(ticket);
        }
        let index = self.free.pop().unwrap_or_else(|| {
            self.calls.push(Place { generation: 0, call: None });
            self.calls.len() - 1
        });
        let place = &mut self.calls[index];
        let call = CallId { index, generation: place.generation };
        if ticket.place(call) {
            // Who ended it may have found that name, and will ask for what has it.
            place.generation += 1;
            self.free.push(index);
            return self.ended.push(ticket);
        }
        let attempts = BTreeMap::new();
        place.call = Some(Open { ticket, left, waiting: left, stopped: false, attempts });
        self.open += 1;
        self.queue.push_back(Span { call, next: 0, end: left, chunk: chunk.max(1) });
        if self.queue.len() >= SHORT.max(2 * self.swept) {
            // What waits at the front may wait for long, and behind it one call after the other be given up.
            let mut queue = std::mem::take(&mut self.queue);
            queue.retain(|span| !self.is_stopped(span.call));
            (self.swept, self.queue) = (queue.len(), queue);
        }
    }

    /// Takes nothing on any more.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether no call is open.
    pub(crate) fn is_idle(&self) -> bool {
        self.open == 0
    }

    /// Whether no item waits for a worker.
    pub(crate) fn is_drained(&mut self) -> bool {
        self.pass_over();
        self.queue.is_empty()
    }

    /// The call, unless it is over.
    pub(crate) fn job(&self, call: CallId) -> Option<&Arc<J>> {
        self.open(call).map(|open| open.ticket.job())
    }

    /// The next chunk to be run.
    pub(crate) fn next(&mut self) -> Option<Chunk> {
        self.pass_over();
        let span = self.queue.front_mut()?;
        let (call, start) = (span.call, span.next);
        let end = span.end.min(start.saturating_add(span.chunk));
        span.next = end;
        if end == span.end {
            self.queue.pop_front();
        }
        if let Some(open) = self.open_mut(call) {
            open.waiting -= end - start;
        }
        Some(Chunk { call, start, end })
    }

    /// Drops from the front of the queue what is not to be run any more.
    fn pass_over(&mut self) {
        while let Some(span) = self.queue.front() {
            if self.open(span.call).is_some_and(|open| !open.stopped) {
                return;
            }
            self.queue.pop_front();
        }
    }

    /// These items, taken and not begun, have to wait once more, before all others; or are skipped if
    /// the call was stopped meanwhile.
    pub(crate) fn put_back(&mut self, chunk: Chunk) {
        self.put_back_in(chunk, chunk.len());
    }

    /// The same, to be taken in two halves.
    pub(crate) fn put_back_halved(&mut self, chunk: Chunk) {
        self.put_back_in(chunk, chunk.len().div_ceil(2));
    }

    fn put_back_in(&mut self, Chunk { call, start, end }: Chunk, chunk: usize) {
        if start == end {
            return;
        }
        match self.open_mut(call) {
            Some(open) if !open.stopped => {
                open.waiting += end - start;
                self.queue.push_front(Span { call, next: start, end, chunk });
            }
            _ => {
                self.settled(call, end - start, false);
            }
        }
    }

    /// Whether nothing of the call is to be begun any more.
    pub(crate) fn is_stopped(&self, call: CallId) -> bool {
        self.open(call).is_none_or(|open| open.stopped)
    }

    /// The item's worker died of it, or so it seems. Says how often that has happened to it.
    pub(crate) fn count_attempt(&mut self, call: CallId, index: usize) -> u32 {
        let Some(open) = self.open_mut(call) else { return 1 };
        let attempts = open.attempts.entry(index).or_default();
        *attempts = attempts.saturating_add(1);
        *attempts
    }

    /// So many items of the call were run, or will never be. Says whether this stops the call: what
    /// waits of it is skipped then, and what workers have of it is for the caller to look after.
    pub(crate) fn settled(&mut self, call: CallId, items: usize, failed: bool) -> bool {
        let Some(open) = self.open_mut(call) else { return false };
        open.left -= items;
        let stops = failed && !open.stopped && open.ticket.job().stops_at_failure();
        if stops {
            open.stopped = true;
            open.ticket.job().stop();
            open.left -= std::mem::take(&mut open.waiting);
        }
        if open.left == 0 {
            let ticket = self.remove(call);
            self.ended.extend(ticket);
        }
        stops
    }

    /// Takes the call out, whatever is left of it.
    #[must_use]
    pub(crate) fn remove(&mut self, call: CallId) -> Option<Ticket<J>> {
        self.open(call)?;
        let place = &mut self.calls[call.index];
        let open = place.call.take()?;
        place.generation += 1;
        self.free.push(call.index);
        self.open -= 1;
        Some(open.ticket)
    }

    /// The calls that are over since the last time. To be dropped where nothing is locked: with them go
    /// values of the user's.
    #[must_use]
    pub(crate) fn take_ended(&mut self) -> Vec<Ticket<J>> {
        std::mem::take(&mut self.ended)
    }

    /// Gives up every call. To be ended where nothing is locked.
    #[must_use]
    pub(crate) fn give_up(&mut self) -> Vec<Ticket<J>> {
        self.queue.clear();
        let mut all = self.take_ended();
        for (index, place) in self.calls.iter_mut().enumerate() {
            if let Some(open) = place.call.take() {
                place.generation += 1;
                self.free.push(index);
                all.push(open.ticket);
            }
        }
        self.open = 0;
        all
    }

    fn open(&self, call: CallId) -> Option<&Open<J>> {
        let place = self.calls.get(call.index)?;
        place.call.as_ref().filter(|_| place.generation == call.generation)
    }

    fn open_mut(&mut self, call: CallId) -> Option<&mut Open<J>> {
        let place = self.calls.get_mut(call.index)?;
        place.call.as_mut().filter(|_| place.generation == call.generation)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{SHORT, Schedule};
    use crate::call::{Batch, Chunk, Job, Mode, Slots, Ticket};

    fn units(items: usize, stops_at_failure: bool) -> Batch<(), (), (), ()> {
        let mode = Mode { stops_at_failure, ..Mode::default() };
        Batch::new(Arc::new(()), Slots::new(vec![(); items]), mode)
    }

    fn call(items: usize, stops: bool) -> (Arc<dyn Job>, Ticket<dyn Job>) {
        let batch: Arc<dyn Job> = Arc::new(units(items, stops));
        (Arc::clone(&batch), Ticket::new(batch))
    }

    fn ranges(schedule: &mut Schedule<dyn Job>) -> Vec<(usize, usize)> {
        std::iter::from_fn(|| schedule.next()).map(|chunk| (chunk.start, chunk.end)).collect()
    }

    #[test]
    fn calls_are_dealt_out_in_their_order_and_in_their_chunks() {
        let mut schedule = Schedule::new();
        schedule.submit(call(7, true).1, 3);
        schedule.submit(call(2, true).1, 5);
        assert_eq!(ranges(&mut schedule), [(0, 3), (3, 6), (6, 7), (0, 2)]);
        assert!(schedule.is_drained() && !schedule.is_idle());
    }

    #[test]
    fn a_call_is_over_when_its_last_item_is_settled() {
        let mut schedule = Schedule::new();
        schedule.submit(call(3, true).1, 3);
        let Chunk { call, .. } = schedule.next().expect("a chunk");
        schedule.settled(call, 2, false);
        assert!(schedule.take_ended().is_empty() && !schedule.is_idle());
        schedule.settled(call, 1, false);
        assert!(schedule.take_ended().len() == 1 && schedule.is_idle());
        assert!(schedule.job(call).is_none(), "a late word finds nothing");
    }

    #[test]
    fn what_waits_of_a_stopped_call_is_skipped() {
        let mut schedule = Schedule::new();
        schedule.submit(call(10, true).1, 2);
        schedule.submit(call(1, true).1, 1);
        let (first, second) =
            (schedule.next().expect("a chunk"), schedule.next().expect("a chunk"));
        assert!(schedule.settled(first.call, 1, true), "it stops");
        assert!(!schedule.settled(first.call, 1, true), "it has stopped");
        assert_eq!(ranges(&mut schedule), [(0, 1)], "of the other call");
        schedule.put_back(second);
        assert_eq!(schedule.take_ended().len(), 1);
    }

    #[test]
    fn a_call_that_does_not_stop_goes_on_after_a_failure() {
        let mut schedule = Schedule::new();
        schedule.submit(call(4, false).1, 2);
        let chunk = schedule.next().expect("a chunk");
        assert!(!schedule.settled(chunk.call, 1, true));
        assert_eq!(ranges(&mut schedule), [(2, 4)]);
    }

    #[test]
    fn what_is_put_back_comes_first() {
        let mut schedule = Schedule::new();
        schedule.submit(call(9, true).1, 3);
        let chunk = schedule.next().expect("a chunk");
        schedule.put_back_halved(chunk);
        assert_eq!(ranges(&mut schedule), [(0, 2), (2, 3), (3, 6), (6, 9)]);
    }

    #[test]
    fn a_removed_call_is_passed_over_and_its_room_is_another_calls() {
        let mut schedule = Schedule::new();
        schedule.submit(call(4, true).1, 2);
        let (waiting, ticket) = call(3, true);
        schedule.submit(ticket, 2);
        let removed = waiting.ended().call().expect("taken on");
        assert!(schedule.remove(removed).is_some() && schedule.remove(removed).is_none());
        schedule.submit(call(1, true).1, 2);
        assert_eq!(ranges(&mut schedule), [(0, 2), (2, 4), (0, 1)]);
        assert!(schedule.is_drained() && !schedule.is_idle());
        assert!(!schedule.settled(removed, 1, true), "a late word finds nothing");
    }

    #[test]
    fn calls_that_are_given_up_behind_one_that_waits_leave_nothing_behind() {
        let mut schedule = Schedule::new();
        schedule.submit(call(1, true).1, 1);
        for _ in 0..1000 {
            let (given_up, ticket) = call(3, true);
            schedule.submit(ticket, 2);
            drop(schedule.remove(given_up.ended().call().expect("taken on")));
            assert!(schedule.queue.len() <= SHORT);
        }
        assert_eq!(ranges(&mut schedule), [(0, 1)]);
    }

    #[test]
    fn a_call_that_ended_before_it_was_taken_on_shares_its_name_with_no_other() {
        let mut schedule = Schedule::new();
        let (early, ticket) = call(3, true);
        assert!(early.ended().cancel());
        schedule.submit(ticket, 2);
        assert!(schedule.is_drained() && schedule.is_idle());
        schedule.submit(call(1, true).1, 2);
        let name = early.ended().call().expect("it had one");
        assert!(schedule.remove(name).is_none(), "the other stays");
    }

    #[test]
    fn attempts_are_counted_for_each_item() {
        let mut schedule = Schedule::new();
        schedule.submit(call(4, true).1, 2);
        let Chunk { call, .. } = schedule.next().expect("a chunk");
        let counts = [0, 1, 0].map(|index| schedule.count_attempt(call, index));
        assert_eq!(counts, [1, 1, 2]);
    }

    #[test]
    fn whatever_becomes_of_the_schedule_its_calls_end() {
        for leave in [drop, |mut schedule: Schedule<dyn Job>| drop(schedule.give_up())] {
            let mut schedule = Schedule::new();
            let batch = Arc::new(units(1, true));
            schedule.submit(Ticket::new(Arc::clone(&batch) as Arc<dyn Job>), 1);
            leave(schedule);
            assert!(batch.is_stopped());
        }
    }

    #[test]
    fn a_closed_schedule_takes_nothing_on() {
        let mut schedule = Schedule::new();
        schedule.close();
        schedule.submit(call(5, true).1, 1);
        assert!(schedule.next().is_none() && schedule.is_idle());
        assert_eq!(schedule.take_ended().len(), 1);
    }
}
