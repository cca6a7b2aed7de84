//! The thread that looks after the workers.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use ipc::{Receiver, RecvError, SendError, Sender, Untyped};
use proc_spawn::Failure;

use super::agenda::{Agenda, Due};
use super::crew::{Crew, Heard};
use super::job::ProcessJob;
use super::mailbox::{Letter, Mailbox};
use super::recruiter::Recruiter;
use super::seat::Worker;
use super::wire::Report;
use crate::call::{Ticket, end_all};
use crate::error::TaskError;
use crate::event::Events;
use crate::settings::Settings;

pub(super) struct Supervisor {
    pub(super) crew: Crew,
    pub(super) recruiter: Recruiter,
    pub(super) agenda: Agenda,
    pub(super) events: Events,
    /// How often an item whose worker died is begun anew.
    pub(super) retries: u32,
    mailbox: Arc<Mailbox>,
    reports: Receiver<Untyped>,
    bell: Sender<Untyped>,
    /// Seats whose workers are gone while messages of theirs may still be in the ring.
    unmarked: Vec<usize>,
    /// Why the pool has ended, if it has not been closed.
    broken: Option<TaskError>,
}

/// How many messages are read before anything is done about what they say.
const BATCH: usize = 256;

impl Supervisor {
    pub(super) fn new(
        crew: Crew,
        recruiter: Recruiter,
        mailbox: Arc<Mailbox>,
        (bell, reports): (Sender<Untyped>, Receiver<Untyped>),
        settings: &Settings,
    ) -> Supervisor {
        Supervisor {
            crew,
            recruiter,
            agenda: Agenda::default(),
            events: settings.events.clone(),
            retries: settings.retries,
            mailbox,
            reports,
            bell,
            unmarked: Vec::new(),
            broken: None,
        }
    }

    /// What the thread does, until the pool is closed and no worker is left.
    pub(super) fn run(mut self) {
        loop {
            self.read_letters();
            self.mark_ends();
            self.crew.dispatch();
            self.crew.release_ended();
            if self.is_over() {
                return;
            }
            match self.receive() {
                Ok(more) => self.keep_time(more),
                Err(error) => self.break_off(TaskError::Broken(Failure::from(error))),
            }
        }
    }

    /// Sleeps until there is a message, or something else to do, and reads what there is. Says
    /// whether there may be more.
    fn receive(&mut self) -> Result<bool, RecvError> {
        let Supervisor { crew, reports, .. } = self;
        let deadline = [self.agenda.next(), crew.next_timeout()].into_iter().flatten().min();
        let first = match deadline {
            None => reports.recv_with(|message| crew.hear(message)),
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                reports.recv_timeout_with(left, |message| crew.hear(message))
            }
        };
        let mut heard = match first {
            Ok(heard) => heard,
            Err(RecvError::Timeout) => return Ok(false),
            Err(error) => return Err(error),
        };
        for _ in 0..BATCH {
            if let Heard::Gone { seat } = heard {
                self.bury(seat);
            }
            heard = match self.reports.try_recv_with(|message| self.crew.hear(message)) {
                Ok(heard) => heard,
                Err(RecvError::Empty) => return Ok(false),
                Err(error) => return Err(error),
            };
        }
        if let Heard::Gone { seat } = heard {
            self.bury(seat);
        }
        Ok(true)
    }

    /// Does what is due by the clock.
    fn keep_time(&mut self, more_to_read: bool) {
        if !more_to_read {
            self.crew.end_overdue();
        }
        while let Some(due) = self.agenda.due() {
            match due {
                Due::Fill { seat } => self.fill(seat),
                Due::Retry(item) => self.crew.schedule.put_back(item),
            }
        }
    }

    fn read_letters(&mut self) {
        for letter in self.mailbox.read() {
            match letter {
                Letter::Submit { ticket, chunk } => self.submit(ticket, chunk),
                Letter::Ended { seat } => self.unmarked.push(seat),
                // Whoever waits for it has been told.
                Letter::Cancel { call } => drop(self.crew.cancel(call)),
                Letter::Close => self.crew.schedule.close(),
                Letter::Terminate => self.end(&TaskError::Cancelled),
            }
        }
    }

    fn submit(&mut self, ticket: Ticket<dyn ProcessJob>, chunk: usize) {
        match &self.broken {
            Some(verdict) => ticket.end(verdict.clone()),
            None => self.crew.schedule.submit(ticket, chunk),
        }
    }

    /// Puts a mark behind all that dead workers have sent.
    fn mark_ends(&mut self) {
        while let Some(&seat) = self.unmarked.last() {
            match self.bell.try_send_with(|message| message.put(&Report::Gone { seat })) {
                Ok(()) => {}
                // There are messages: this is tried again after the next.
                Err(SendError::Full(())) => return,
                Err(error) => self.break_off(TaskError::Broken(Failure::from(error))),
            }
            self.unmarked.pop();
        }
    }

    /// The pool cannot go on.
    pub(super) fn break_off(&mut self, verdict: TaskError) {
        self.end(&verdict);
        self.broken.get_or_insert(verdict);
    }

    /// Ends every call and every worker.
    fn end(&mut self, verdict: &TaskError) {
        self.crew.schedule.close();
        end_all(self.crew.schedule.give_up(), verdict);
        self.workers().for_each(Worker::kill);
    }

    /// Whether nothing will ever be asked of a worker again.
    pub(super) fn has_finished(&self) -> bool {
        self.crew.schedule.is_closed() && self.crew.schedule.is_idle()
    }

    /// Whether there is nothing left to do. Sends the workers home if there is nothing left for them.
    fn is_over(&mut self) -> bool {
        if !self.has_finished() {
            return false;
        }
        self.workers().for_each(Worker::dismiss);
        self.workers().next().is_none()
    }

    fn workers(&mut self) -> impl Iterator<Item = &mut Worker> {
        self.crew.seats.iter_mut().filter_map(|seat| seat.worker.as_mut())
    }
}

impl Drop for Supervisor {
    /// Nobody waits for a supervisor that is no more, whatever the reason.
    fn drop(&mut self) {
        let failed = || Failure::new("the pool's supervisor panicked");
        let verdict = match self.broken.take() {
            Some(verdict) => verdict,
            None if thread::panicking() => TaskError::Broken(failed()),
            None => TaskError::Closed,
        };
        self.mailbox.shut(&verdict);
        end_all(self.crew.schedule.give_up(), &verdict);
    }
}
