//! The threads of a pool, as its owner has them.

use std::fmt;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::clock::Clock;
use super::job::ThreadJob;
use super::shared::{Member, Shared, State};
use crate::backend::Backend;
use crate::call::{Schedule, Ticket};
use crate::error::PoolError;
use crate::initializer::ForThreads;
use crate::settings::Settings;
use crate::stats::{Tally, tallies};
use crate::task::Host;

/// The threads of a pool.
pub(crate) struct Threads {
    shared: Arc<Shared>,
    warden: Option<JoinHandle<()>>,
}

impl Threads {
    pub(crate) fn start(
        settings: &Settings,
        initializer: Box<dyn ForThreads>,
    ) -> Result<Threads, PoolError> {
        let Settings { workers, timeout, .. } = *settings;
        let state = State {
            schedule: Schedule::new(),
            threads: Vec::new(),
            awaited: 0,
            ready: 0,
            terminated: false,
            left_to_itself: false,
            broken: None,
        };
        let shared = Arc::new(Shared {
            settings: settings.clone(),
            initializer,
            tallies: tallies(workers),
            clock: timeout.map(|limit| Clock::new(limit, workers)),
            state: Mutex::new(state),
            work: Condvar::new(),
            ending: Condvar::new(),
        });
        let mut threads = Threads { shared, warden: None };
        if let Err(error) = threads.hire_all() {
            threads.close();
            threads.join();
            return Err(PoolError::system("start a thread")(error));
        }
        Ok(threads)
    }

    fn hire_all(&mut self) -> std::io::Result<()> {
        let Settings { workers, name, .. } = &self.shared.settings;
        if self.shared.clock.is_some() {
            let shared = Arc::clone(&self.shared);
            let watch = move || shared.clock.iter().for_each(|clock| shared.watch(clock));
            let warden = thread::Builder::new().name(format!("{name}-warden")).spawn(watch)?;
            self.warden = Some(warden);
        }
        (0..*workers).try_for_each(|seat| self.shared.hire(seat, 0))
    }
}

impl Backend for Threads {
    type Job = dyn ThreadJob;

    const LOOKS_FIRST: bool = false;

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
        // What runs goes on and has a result later, which nobody is to see.
        given_up.into_iter().for_each(Ticket::cancel);
    }

    fn join(&mut self) {
        let is_this = |it: &JoinHandle<()>| it.thread().id() == thread::current().id();
        let by_warden = self.warden.as_ref().is_some_and(is_this);
        let mut state = self.shared.lock();
        // Dropped by one of its own threads, a pool cannot wait for that; and what others run may be for the warden
        // alone to end.
        while !by_warden
            && (state.awaited > 0 || !state.threads.iter().all(|it| is_this(&it.thread)))
        {
            // One that was terminated does not wait for threads that run something, for they cannot be ended.
            let busy = |it: &Member| it.prepares || self.shared.tallies[it.seat].busy.load(Relaxed);
            let terminated = state.terminated;
            let goes = |it: &Member| !is_this(&it.thread) && (it.done || terminated && busy(it));
            let Some(place) = state.threads.iter().position(goes) else {
                state = self.shared.ending.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let member = state.threads.swap_remove(place);
            if member.done {
                drop(state);
                // It catches what panics in it.
                let _ = member.thread.join();
                state = self.shared.lock();
            }
        }
        if by_warden || !state.threads.is_empty() {
            state.left_to_itself = true;
            if !state.has_ended() {
                return;
            }
        }
        drop(state);
        self.shared.clock.iter().for_each(Clock::stop);
        if let Some(warden) = self.warden.take_if(|it| !is_this(it)) {
            let _ = warden.join();
        }
    }

    fn tallies(&self) -> &[Tally] {
        &self.shared.tallies
    }

    fn host(&self) -> Arc<dyn Host> {
        Arc::clone(&self.shared) as Arc<dyn Host>
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let workers = self.shared.tallies.len();
        f.debug_struct("Threads").field("workers", &workers).finish_non_exhaustive()
    }
}
