//! Workers that are threads. They take what they run from the schedule themselves; there is nobody
//! between them and it.

use std::fmt;
use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use proc_spawn::{Call, Failure, Panic};

use super::Backend;
use crate::batch::{Batch, Job, Ticket, drop_quietly};
use crate::error::{PoolError, TaskError};
use crate::initializer::ForThreads;
use crate::schedule::{Schedule, end_all};
use crate::starts::{Next, Starts};
use crate::stats::{Tally, tallies};

/// A call as a thread sees it.
pub(crate) trait ThreadJob: Job {
    /// Runs these items, one after the other, unless the call is stopped. Says whether one failed.
    fn run(&self, items: Range<usize>) -> bool;
}

impl<F, A, M, R> ThreadJob for Batch<F, A, M, R>
where
    F: Send + Sync + 'static,
    for<'f> &'f F: Call<A, M, Output = R>,
    A: Send + 'static,
    M: 'static,
    R: Send + 'static,
{
    fn run(&self, items: Range<usize>) -> bool {
        let mut failed = false;
        for index in items {
            if self.is_stopped() {
                break;
            }
            if let Some(item) = self.begin(index) {
                let result = Panic::catch(AssertUnwindSafe(|| Call::call(&self.function, item)));
                if !self.settle(index, result.map_err(TaskError::Panicked)) {
                    failed = true;
                    // At once: the schedule hears of it only at the end of the chunk.
                    if self.stops_at_failure() {
                        self.stop();
                    }
                }
            }
        }
        failed
    }
}

/// The threads of a pool.
pub(crate) struct Threads {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// What they share.
struct Shared {
    state: Mutex<State>,
    /// There is something to run, or the pool ends.
    work: Condvar,
    /// The pool ends.
    ending: Condvar,
    tallies: Box<[Tally]>,
    initializer: Box<dyn ForThreads>,
}

struct State {
    schedule: Schedule<dyn ThreadJob>,
    /// How many threads have passed the initializer.
    ready: usize,
    /// Threads that run something are not waited for.
    terminated: bool,
    /// What whoever submits something is told.
    broken: Option<TaskError>,
}

impl Threads {
    pub(crate) fn start(
        workers: usize,
        name: &str,
        initializer: Box<dyn ForThreads>,
    ) -> Result<Threads, PoolError> {
        let schedule = Schedule::new();
        let state = State { schedule, ready: 0, terminated: false, broken: None };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            work: Condvar::new(),
            ending: Condvar::new(),
            tallies: tallies(workers),
            initializer,
        });
        let mut threads = Threads { shared, threads: Vec::new() };
        for me in 0..workers {
            let shared = Arc::clone(&threads.shared);
            shared.tallies[me].pid.store(std::process::id(), Relaxed);
            let thread = thread::Builder::new().name(format!("{name}-{me}"));
            match thread.spawn(move || shared.work(me)) {
                Ok(thread) => threads.threads.push(thread),
                Err(error) => {
                    threads.close();
                    threads.join();
                    return Err(PoolError::system("start a thread")(error));
                }
            }
        }
        Ok(threads)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What each thread does.
    fn work(&self, me: usize) {
        let tally = &self.tallies[me];
        if !self.prepare(tally) {
            return;
        }
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
                    drop(state);
                    return self.ending.notify_all();
                } else {
                    state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                continue;
            };
            drop(state);
            drop(ended);
            let failed = job.run(chunk.start..chunk.end);
            tally.tasks_done.fetch_add(chunk.len() as u64, Relaxed);
            // The schedule has it as well, unless the pool was terminated.
            drop_quietly(job);
            state = self.lock();
            state.schedule.settled(chunk.call, chunk.len(), failed);
        }
    }

    /// Calls the initializer, more than once if it fails. Says whether there is anything to do after it.
    fn prepare(&self, tally: &Tally) -> bool {
        let mut starts = Starts::default();
        loop {
            let Err(panic) = self.initializer.run() else {
                self.lock().ready += 1;
                return true;
            };
            let mut state = self.lock();
            let delay = match starts.failed(0, state.ready > 0) {
                Next::StartAfter(delay) => delay,
                Next::GiveUp => {
                    let verdict = TaskError::Initializer(Failure::from(panic));
                    let given_up = state.schedule.give_up();
                    state.schedule.close();
                    state.broken.get_or_insert(verdict.clone());
                    drop(state);
                    self.wake_all();
                    end_all(given_up, &verdict);
                    return false;
                }
            };
            tally.restarts.fetch_add(1, Relaxed);
            let goes_on = |state: &mut State| !state.is_over();
            let woken = self.ending.wait_timeout_while(state, delay, goes_on);
            if woken.unwrap_or_else(PoisonError::into_inner).0.is_over() {
                return false;
            }
        }
    }

    fn wake_all(&self) {
        self.work.notify_all();
        self.ending.notify_all();
    }
}

impl State {
    /// Whether nothing is left to do, ever.
    fn is_over(&self) -> bool {
        self.schedule.is_closed() && self.schedule.is_idle()
    }
}

impl Backend for Threads {
    type Job = dyn ThreadJob;

    fn submit(&self, ticket: Ticket<dyn ThreadJob>, chunk: usize) {
        let mut state = self.shared.lock();
        if let Some(verdict) = state.broken.clone() {
            drop(state);
            return ticket.end(verdict);
        }
        let many = ticket.job().len() > chunk;
        state.schedule.submit(ticket, chunk);
        let ended = state.schedule.take_ended();
        drop(state);
        drop(ended);
        if many { self.shared.work.notify_all() } else { self.shared.work.notify_one() }
    }

    fn close(&self) {
        self.shared.lock().schedule.close();
        self.shared.wake_all();
    }

    fn terminate(&self) {
        let mut state = self.shared.lock();
        state.terminated = true;
        state.schedule.close();
        let given_up = state.schedule.give_up();
        drop(state);
        self.shared.wake_all();
        end_all(given_up, &TaskError::Cancelled);
    }

    fn join(&mut self) {
        for (thread, tally) in self.threads.drain(..).zip(&self.shared.tallies) {
            // Dropped by its own last task, a pool cannot wait for the thread that runs it; and one
            // that was terminated does not wait for threads, which cannot be ended.
            let itself = thread.thread().id() == thread::current().id();
            let state = self.shared.lock();
            let stuck = state.terminated && tally.busy.load(Relaxed);
            drop(state);
            if !itself && !stuck {
                // It catches what panics in it.
                let _ = thread.join();
            }
        }
    }

    fn tallies(&self) -> &[Tally] {
        &self.shared.tallies
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads").field("workers", &self.threads.len()).finish_non_exhaustive()
    }
}
