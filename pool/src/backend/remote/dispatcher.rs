//! Who is sent what, and what becomes of it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use ipc::DecodeError;
use ipc::parcel::Decoder;

use super::job::{KnownAs, RemoteJob};
use super::wire::Answer;
use crate::backend::Backend;
use crate::call::{CallId, Chunk, Job, Schedule, Ticket, call_quietly, drop_quietly, end_all};
use crate::error::TaskError;
use crate::event::{Event, Events};
use crate::executor::TaskKey;
use crate::remote::{Carrier, Load};
use crate::settings::Settings;
use crate::stats::Tally;
use crate::task::{Callback, Callbacks, Host};

/// Loads that are on their way at any time, for each worker; and if there are few workers or they are not
/// known yet, in all. What waits here costs nobody anything and can still be skipped.
const LOADS_TO_A_WORKER: usize = 8;
const LOADS_AT_LEAST: usize = 64;

/// Workers that a carrier leads to.
#[derive(Clone)]
pub(crate) struct Remote(Arc<Dispatcher>);

struct Dispatcher {
    carrier: Box<dyn Carrier>,
    state: Mutex<State>,
    idle: Condvar,
    retries: u32,
    events: Events,
    callbacks: Callbacks,
}

struct State {
    schedule: Schedule<dyn RemoteJob>,
    /// What is on its way, by the key of its load. No load has had that key before: a late word on one that was
    /// recalled finds nothing here.
    aloft: HashMap<TaskKey, Flight>,
    /// Threads that tell those who wait for a call that it is over.
    telling: usize,
}

/// A load that is on its way.
struct Flight {
    /// What its one task was delivered as. As the same it is one task, however often it is delivered.
    known_as: Option<KnownAs>,
    /// Who waits for it.
    chunks: Vec<Chunk>,
}

/// Where the outcome of a load is awaited.
pub(crate) trait Home: Send + Sync {
    /// It has come.
    fn settle(&self, key: TaskKey, answer: &[u8]);

    /// There will be none but this.
    fn fail(&self, key: TaskKey, error: TaskError);
}

thread_local! {
    /// Which pools this thread sends nothing for at the moment.
    static HELD_BACK: RefCell<Vec<*const Dispatcher>> = const { RefCell::new(Vec::new()) };
    /// Whether this thread is in the midst of bringing an outcome home.
    static SETTLING: Cell<bool> = const { Cell::new(false) };
}

impl Remote {
    pub(crate) fn new(carrier: Box<dyn Carrier>, settings: &Settings) -> Remote {
        let state = State { schedule: Schedule::new(), aloft: HashMap::new(), telling: 0 };
        Remote(Arc::new(Dispatcher {
            carrier,
            state: Mutex::new(state),
            idle: Condvar::new(),
            retries: settings.retries,
            events: settings.events.clone(),
            callbacks: Callbacks::new(settings.name.clone()),
        }))
    }
}

impl Backend for Remote {
    type Job = dyn RemoteJob;

    // A sleep costs nothing beside the way to them.
    const LOOKS_FIRST: bool = false;

    fn submit(&self, ticket: Ticket<dyn RemoteJob>, chunk: usize) {
        self.lock().schedule.submit(ticket, chunk);
        self.go_on();
    }

    fn close(&self) {
        self.lock().schedule.close();
        self.go_on();
    }

    fn terminate(&self) {
        let mut state = self.lock();
        state.schedule.close();
        let given_up = state.schedule.give_up();
        let aloft = std::mem::take(&mut state.aloft);
        drop(state);
        end_all(given_up, &TaskError::Cancelled);
        aloft.into_keys().for_each(|key| self.0.carrier.recall(key));
        self.go_on();
    }

    fn join(&mut self) {
        // A pool that is dropped with an item or a result does not wait for others.
        if !SETTLING.get() {
            let state = self.lock();
            let busy = |state: &mut State| !state.schedule.is_idle() || state.telling > 0;
            drop(self.0.idle.wait_while(state, busy).unwrap_or_else(PoisonError::into_inner));
        }
        self.0.carrier.close();
        self.0.callbacks.finish();
    }

    fn workers(&self) -> usize {
        self.0.carrier.workers()
    }

    fn tallies(&self) -> &[Tally] {
        &[]
    }

    fn host(&self) -> Arc<dyn Host> {
        Arc::new(self.clone())
    }
}

impl Remote {
    /// Lets go of the calls that are over, and sends out what there is room for.
    fn go_on(&self) {
        let this = Arc::as_ptr(&self.0);
        if HELD_BACK.with_borrow(|held_back| held_back.contains(&this)) {
            return;
        }
        loop {
            let room = (LOADS_TO_A_WORKER * self.0.carrier.workers()).max(LOADS_AT_LEAST);
            let mut state = self.lock();
            let ended = state.schedule.take_ended();
            let next = if state.aloft.len() < room { state.next() } else { None };
            state.telling += 1;
            drop(state);
            drop_quietly(ended);
            let mut state = self.lock();
            state.telling -= 1;
            if state.schedule.is_idle() && state.telling == 0 {
                self.0.idle.notify_all();
            }
            drop(state);
            let Some((job, chunk, key)) = next else { return };
            if let Some(key) = key {
                self.hold_back(|| self.send(&*job, chunk, key));
            }
        }
    }

    /// Calls what may submit to this pool or settle its loads in turn: the carrier, and what writes items and reads
    /// results, under their lock. Nothing is sent meanwhile; whoever calls this goes on afterwards.
    fn hold_back(&self, call: impl FnOnce()) {
        HELD_BACK.with_borrow_mut(|held_back| held_back.push(Arc::as_ptr(&self.0)));
        call_quietly(call);
        HELD_BACK.with_borrow_mut(|held_back| held_back.pop());
    }

    fn send(&self, job: &dyn RemoteJob, chunk: Chunk, key: TaskKey) {
        match job.load(chunk.start..chunk.end) {
            Ok(bytes) => {
                self.0.carrier.carry(Load::new(key, bytes, Box::new(self.clone())));
            }
            Err(error) => {
                let flight = self.lock().aloft.remove(&key);
                for chunk in flight.into_iter().flat_map(|flight| flight.chunks) {
                    if chunk.len() > 1 {
                        // One of its items is to blame. Find out which.
                        self.lock().schedule.put_back_halved(chunk);
                    } else {
                        self.fail_item(chunk.call, chunk.start, TaskError::Encode(error.clone()));
                    }
                }
            }
        }
    }

    fn fail_item(&self, call: CallId, index: usize, error: TaskError) {
        let job = self.lock().schedule.job(call).cloned();
        if let Some(job) = job {
            job.fail(index, error);
            self.lock().schedule.settled(call, 1, true);
        }
    }

    /// Brings something home for all who wait for it under that key.
    fn bring(&self, key: TaskKey, mut each: impl FnMut(Chunk)) {
        let flight = self.lock().aloft.remove(&key);
        let within = SETTLING.replace(true);
        for chunk in flight.into_iter().flat_map(|flight| flight.chunks) {
            self.hold_back(|| each(chunk));
        }
        self.go_on();
        SETTLING.set(within);
    }

    /// What came of each item.
    fn settle_items<B: AsRef<[u8]>>(
        &self,
        chunk: Chunk,
        outcomes: &[Option<Result<B, TaskError>>],
    ) {
        let Some(job) = self.lock().schedule.job(chunk.call).cloned() else { return };
        let (mut settled, mut failed, mut left, mut died) = (0, false, Vec::new(), Vec::new());
        for (place, index) in (chunk.start..chunk.end).enumerate() {
            match outcomes.get(place) {
                Some(Some(Ok(result))) => failed |= !job.accept(index, result.as_ref()),
                Some(Some(Err(error @ TaskError::WorkerDied { .. }))) => {
                    died.push((index, error.clone()));
                    continue;
                }
                Some(Some(Err(error))) => {
                    job.fail(index, error.clone());
                    failed = true;
                }
                Some(None) => {
                    left.push(index);
                    continue;
                }
                None => {
                    let short = DecodeError::new("the answer ends before its last item");
                    job.fail(index, TaskError::Decode(short));
                    failed = true;
                }
            }
            settled += 1;
        }
        self.lock().schedule.settled(chunk.call, settled, failed);
        for (index, error) in died {
            self.retry_or_fail(&*job, chunk.call, index, error);
        }
        // Last, for it is skipped if one has failed. The last first, so that the first is first in the queue.
        let again = |index| Chunk { call: chunk.call, start: index, end: index + 1 };
        let mut state = self.lock();
        left.into_iter().rev().for_each(|index| state.schedule.put_back(again(index)));
    }

    /// A worker died of the item.
    fn retry_or_fail(&self, job: &dyn RemoteJob, call: CallId, index: usize, mut error: TaskError) {
        let (place, text) = job.name(index);
        let mut state = self.lock();
        let begun = state.schedule.count_attempt(call, index);
        if let TaskError::WorkerDied { attempts, index, item, .. } = &mut error {
            // Whoever was lost with its worker has counted for itself.
            *attempts = begun.max(*attempts);
            (*index, *item) = (place, text.clone());
        }
        if begun > self.0.retries || state.schedule.is_stopped(call) {
            drop(state);
            return self.fail_item(call, index, error);
        }
        state.schedule.put_back(Chunk { call, start: index, end: index + 1 });
        drop(state);
        let (index, item, attempts) = (place, text, begun);
        self.0.events.tell(|| Event::TaskRetried { index, item, attempts, error });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What is to be sent next; without a key, what is on its way already.
    fn next(&mut self) -> Option<(Arc<dyn RemoteJob>, Chunk, Option<TaskKey>)> {
        let chunk = self.schedule.next()?;
        let job = Arc::clone(self.schedule.job(chunk.call)?);
        let known_as = job.known_as();
        let same = |flight: &&mut Flight| known_as.is_some() && flight.known_as == known_as;
        if let Some(flight) = self.aloft.values_mut().find(same) {
            flight.chunks.push(chunk);
            return Some((job, chunk, None));
        }
        let key = TaskKey::unique();
        self.aloft.insert(key, Flight { known_as, chunks: vec![chunk] });
        Some((job, chunk, Some(key)))
    }
}

impl Home for Remote {
    fn settle(&self, key: TaskKey, answer: &[u8]) {
        let answer = Decoder::of_plain(answer, |answer| answer.take());
        match answer.unwrap_or_else(|error| Answer::All(TaskError::Decode(error))) {
            Answer::Items(outcomes) => self.bring(key, |chunk| self.settle_items(chunk, &outcomes)),
            Answer::All(error) => self.fail(key, error),
        }
    }

    fn fail(&self, key: TaskKey, error: TaskError) {
        self.bring(key, |chunk| {
            let outcomes: Vec<_> = (0..chunk.len()).map(|_| Some(Err(error.clone()))).collect();
            self.settle_items::<[u8; 0]>(chunk, &outcomes);
        });
    }
}

impl Host for Remote {
    fn cancel(&self, job: &dyn Job) -> bool {
        let cancelled = job.cancel();
        if cancelled && let Some(call) = job.ended().call() {
            let mut state = self.lock();
            let removed = state.schedule.remove(call);
            let mut recalled = Vec::new();
            state.aloft.retain(|key, flight| {
                flight.chunks.retain(|chunk| chunk.call != call);
                if flight.chunks.is_empty() {
                    recalled.push(*key);
                }
                !flight.chunks.is_empty()
            });
            drop(state);
            drop_quietly(removed);
            recalled.into_iter().for_each(|key| self.0.carrier.recall(key));
            self.go_on();
        }
        cancelled
    }

    fn defer(&self, callback: Callback) {
        self.0.callbacks.defer(callback);
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("workers", &self.workers()).finish_non_exhaustive()
    }
}
