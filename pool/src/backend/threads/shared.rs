//! What the threads of a pool share.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::{io, process};

use proc_spawn::Failure;

use super::clock::Clock;
use super::job::ThreadJob;
use crate::call::{Job, Schedule, Ticket, call_quietly, end_all};
use crate::error::TaskError;
use crate::event::Event;
use crate::initializer::ForThreads;
use crate::settings::Settings;
use crate::stats::Tally;
use crate::task::{Callback, Host};

pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) initializer: Box<dyn ForThreads>,
    pub(super) tallies: Box<[Tally]>,
    pub(super) clock: Option<Clock>,
    pub(super) state: Mutex<State>,
    /// There is something to run, or the pool ends.
    pub(super) work: Condvar,
    /// The pool ends.
    pub(super) ending: Condvar,
}

pub(super) struct State {
    pub(super) schedule: Schedule<dyn ThreadJob>,
    /// Every thread that is to be waited for.
    pub(super) threads: Vec<Member>,
    /// How many are about to be started in the place of others that are not waited for any more.
    pub(super) awaited: usize,
    /// How many threads have passed the initializer.
    pub(super) ready: usize,
    /// Threads that run something are not waited for.
    pub(super) terminated: bool,
    /// The pool was dropped by one of its threads: nobody waits for the warden, which is to end with the last of them.
    pub(super) left_to_itself: bool,
    /// What whoever submits something is told.
    pub(super) broken: Option<TaskError>,
}

/// A thread of the pool.
pub(super) struct Member {
    pub(super) seat: usize,
    pub(super) tenure: u64,
    pub(super) thread: JoinHandle<()>,
    /// It runs the initializer.
    pub(super) prepares: bool,
    /// It is at its end.
    pub(super) done: bool,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a thread for a seat.
    pub(super) fn hire(self: &Arc<Self>, seat: usize, tenure: u64) -> io::Result<()> {
        let shared = Arc::clone(self);
        let thread = thread::Builder::new().name(format!("{}-{seat}", self.settings.name));
        // Within the lock, so that the thread is in the list before it can want to be out of it.
        let mut state = self.lock();
        let thread = thread.spawn(move || shared.work(seat, tenure))?;
        state.threads.push(Member { seat, tenure, thread, prepares: false, done: false });
        drop(state);
        let pid = process::id();
        self.tallies[seat].pid.store(pid, Relaxed);
        self.settings.events.tell(|| Event::WorkerStarted { worker: seat, pid });
        Ok(())
    }

    /// The thread in this seat has ended, or is not waited for any more: another takes its place.
    pub(super) fn replace(self: &Arc<Self>, seat: usize, tenure: u64) {
        let pid = process::id();
        let ended = || Event::WorkerEnded { worker: seat, pid, signal: None, exitcode: None };
        self.settings.events.tell(ended);
        self.tallies[seat].restarts.fetch_add(1, Relaxed);
        if let Err(error) = self.hire(seat, tenure) {
            self.lose(&error);
        }
    }

    /// A thread is at its end.
    pub(super) fn leave(&self, seat: usize, tenure: u64) {
        let mut state = self.lock();
        state.mark(seat, tenure, |member| member.done = true);
        let is_last = state.left_to_itself && state.has_ended();
        drop(state);
        self.ending.notify_all();
        if is_last {
            self.clock.iter().for_each(Clock::stop);
        }
    }

    /// There is no thread for a seat. The others go on; but somebody must be left.
    fn lose(&self, error: &io::Error) {
        let why = format!("the system has no thread for a worker: {error}");
        let verdict = TaskError::Broken(Failure::new(why));
        let mut state = self.lock();
        if state.threads.iter().any(|member| !member.done) {
            return;
        }
        let given_up = state.break_off(&verdict);
        drop(state);
        self.wake_all();
        end_all(given_up, &verdict);
    }

    pub(super) fn wake_all(&self) {
        self.work.notify_all();
        self.ending.notify_all();
    }
}

impl State {
    /// Whether nothing is left to do, ever.
    pub(super) fn is_over(&self) -> bool {
        self.schedule.is_closed() && self.schedule.is_idle()
    }

    /// Whether no thread is left, nor will one be started in the place of another.
    pub(super) fn has_ended(&self) -> bool {
        self.awaited == 0 && self.threads.iter().all(|member| member.done)
    }

    /// Notes something of a thread, if anybody waits for it.
    pub(super) fn mark(&mut self, seat: usize, tenure: u64, mark: impl FnOnce(&mut Member)) {
        let itself = |member: &&mut Member| (member.seat, member.tenure) == (seat, tenure);
        if let Some(member) = self.threads.iter_mut().find(itself) {
            mark(member);
        }
    }

    /// The pool cannot go on. What it had is to be ended where nothing is locked.
    #[must_use]
    pub(super) fn break_off(&mut self, verdict: &TaskError) -> Vec<Ticket<dyn ThreadJob>> {
        self.schedule.close();
        self.broken.get_or_insert_with(|| verdict.clone());
        self.schedule.give_up()
    }
}

impl Host for Shared {
    fn cancel(&self, job: &dyn Job) -> bool {
        if job.ended().has_come() {
            return false;
        }
        job.stop();
        // What runs cannot be stopped. If nothing else is left, the call runs to its end.
        if !job.has_waiting() {
            return false;
        }
        let cancelled = job.cancel();
        if let Some(call) = job.ended().call() {
            let ticket = self.lock().schedule.remove(call);
            drop(ticket);
            self.wake_all();
        }
        cancelled
    }

    fn defer(&self, callback: Callback) {
        call_quietly(callback);
    }
}
