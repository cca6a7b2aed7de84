//! How workers are started, what their end means, and who comes after them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

use ipc::{Sender, Untyped};
use proc_spawn::{Failure, JoinError, Process, SpawnError, Stdio};

use super::control::{Control, PLACES};
use super::mailbox::{Letter, Mailbox};
use super::seat::Worker;
use super::supervisor::Supervisor;
use super::worker::{self, Kit, Outlet};
use crate::error::{PoolError, TaskError};
use crate::initializer::ForProcesses;
use crate::starts::Next;

/// Starts workers.
pub(super) struct Recruiter {
    name: String,
    start: Box<dyn Fn(Recruit) -> Result<Process, SpawnError> + Send>,
    /// Workers do something before their first task.
    initializes: bool,
    reports: Sender<Untyped>,
    mailbox: Arc<Mailbox>,
}

/// What a worker starts with.
struct Recruit {
    name: String,
    kit: Kit,
    mailbox: Arc<Mailbox>,
}

impl Recruiter {
    pub(super) fn new<I: ForProcesses>(
        name: &str,
        initializer: I,
        reports: Sender<Untyped>,
        mailbox: Arc<Mailbox>,
    ) -> Recruiter {
        let start = move |Recruit { name, kit, mailbox }: Recruit| {
            let seat = kit.outlet.seat;
            Process::builder()
                .name(name)
                .daemon(true)
                .ignore_interrupt(true)
                .stdin(Stdio::null())
                .on_end(move || mailbox.post(Letter::Ended { seat }))
                .spawn(worker::serve::<I>, (kit, initializer.message()?))
        };
        let (name, initializes) = (name.to_owned(), I::EXISTS);
        Recruiter { name, start: Box::new(start), initializes, reports, mailbox }
    }

    /// Starts a worker for a seat.
    pub(super) fn hire(&self, seat: usize) -> Result<Worker, PoolError> {
        let action = "make the channel to a worker";
        let (sender, chunks) = ipc::channel(PLACES).map_err(PoolError::system(action))?;
        let control = Control::new().map_err(PoolError::system(action))?;
        let reports = self.reports.clone();
        let outlet = Outlet { seat, reports, control: control.clone() };
        let process = (self.start)(Recruit {
            name: format!("{}-{seat}", self.name),
            kit: Kit { chunks, outlet },
            mailbox: Arc::clone(&self.mailbox),
        })?;
        Ok(Worker::new(process, sender, control))
    }
}

impl fmt::Debug for Recruiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recruiter").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Supervisor {
    /// The worker of this seat is gone, and all that it said has been heard.
    pub(super) fn bury(&mut self, seat: usize) {
        let Some(mut worker) = self.crew.seats[seat].worker.take() else { return };
        self.crew.tallies[seat].pid.store(0, Relaxed);
        let left: Vec<_> = worker.before_it.drain(..).filter(|sent| !sent.void).collect();
        let had_work = !left.is_empty();
        let mut was_of_use = worker.proven;
        // From the last to the first, so that the first is first in the queue.
        for mut sent in left.into_iter().rev() {
            let begun = worker.control.has_begun(sent.place);
            let (call, index) = (sent.chunk.call, sent.chunk.start);
            sent.chunk.start += usize::from(begun);
            self.crew.schedule.put_back(sent.chunk);
            if begun {
                was_of_use = true;
                self.crew.fail(call, index, death(&worker.process));
            }
        }
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
        self.follow(seat, next, || cause(worker, initializes));
    }

    /// Starts a worker for an empty seat.
    pub(super) fn fill(&mut self, seat: usize) {
        if self.has_finished() || self.crew.seats[seat].worker.is_some() {
            return;
        }
        match self.recruiter.hire(seat) {
            Ok(worker) => {
                let tally = &self.crew.tallies[seat];
                tally.pid.store(worker.process.id(), Relaxed);
                tally.restarts.fetch_add(1, Relaxed);
                self.crew.seats[seat].worker = Some(worker);
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
            Next::StartAfter(delay) => self.fill_later(seat, delay),
        }
    }

    fn fill_later(&mut self, seat: usize, delay: Duration) {
        let mailbox = Arc::clone(&self.mailbox);
        let wait = move || {
            // sleep: lets time pass between attempts that failed.
            thread::sleep(delay);
            mailbox.post(Letter::Fill { seat });
        };
        // Without a thread to wait on it is tried at once: the attempts are counted.
        if thread::Builder::new().name("pool-back-off".to_owned()).spawn(wait).is_err() {
            self.fill(seat);
        }
    }

    fn failed_start(&mut self, seat: usize, innocent: bool) -> Next {
        let workers = self.crew.seats.iter().filter_map(|seat| seat.worker.as_ref());
        let others_work = workers.into_iter().any(|worker| worker.ready);
        self.crew.seats[seat].starts.failed(self.crew.settled, innocent || others_work)
    }
}

/// What an item has that its worker died of.
fn death(process: &Process) -> TaskError {
    let code = process.exitcode();
    TaskError::WorkerDied {
        pid: process.id(),
        signal: code.filter(|code| *code < 0).map(|code| -code),
        exitcode: code.filter(|code| *code >= 0),
        attempts: 1,
    }
}

/// Why a worker was of no use.
fn cause(worker: Worker, initializes: bool) -> TaskError {
    let Worker { process, ready, not_ready, .. } = worker;
    if let Some(panic) = not_ready {
        return TaskError::Initializer(Failure::from(panic));
    }
    match process.join() {
        Err(error @ (JoinError::Crashed { .. } | JoinError::Exited { .. })) => {
            let failure = Failure::from(error);
            if initializes && !ready {
                TaskError::Initializer(failure)
            } else {
                TaskError::Broken(failure)
            }
        }
        Err(error) => TaskError::Broken(Failure::from(error)),
        Ok(()) => TaskError::Broken(Failure::new("a worker ended without being told to")),
    }
}
