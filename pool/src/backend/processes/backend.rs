//! The processes of a pool, as its owner has them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::{self, JoinHandle};

use super::crew::Crew;
use super::ends::Recruiter;
use super::job::ProcessJob;
use super::mailbox::{Letter, Mailbox};
use super::seat::Seat;
use super::supervisor::Supervisor;
use crate::backend::Backend;
use crate::batch::Ticket;
use crate::error::PoolError;
use crate::initializer::ForProcesses;
use crate::stats::{Tally, tallies};

/// The processes of a pool and the thread that looks after them.
pub(crate) struct Processes {
    mailbox: Arc<Mailbox>,
    tallies: Arc<[Tally]>,
    supervisor: Option<JoinHandle<()>>,
}

/// How many reports can be on their way. Workers wait while there are more.
const REPORTS: usize = 512;

impl Processes {
    pub(crate) fn start<I: ForProcesses>(
        workers: usize,
        name: &str,
        initializer: I,
    ) -> Result<Processes, PoolError> {
        let action = "make the channel from the workers";
        let (bell, reports) = ipc::channel(REPORTS).map_err(PoolError::system(action))?;
        let mailbox = Arc::new(Mailbox::new(bell.clone()));
        let recruiter = Recruiter::new(name, initializer, bell.clone(), Arc::clone(&mailbox));
        let tallies = Arc::from(tallies(workers));
        let mut crew = Crew::new(Arc::clone(&tallies));
        // Should one of them not start, the others end with their handles.
        for (seat, tally) in tallies.iter().enumerate() {
            let worker = recruiter.hire(seat)?;
            tally.pid.store(worker.process.id(), Relaxed);
            crew.seats.push(Seat { worker: Some(worker), ..Seat::default() });
        }
        let supervisor = Supervisor::new(crew, recruiter, Arc::clone(&mailbox), (bell, reports));
        let supervisor = thread::Builder::new()
            .name(format!("{name}-supervisor"))
            .spawn(move || supervisor.run())
            .map_err(PoolError::system("start the thread that looks after the workers"))?;
        Ok(Processes { mailbox, tallies, supervisor: Some(supervisor) })
    }
}

impl Backend for Processes {
    type Job = dyn ProcessJob;

    fn submit(&self, ticket: Ticket<dyn ProcessJob>, chunk: usize) {
        self.mailbox.post(Letter::Submit { ticket, chunk });
    }

    fn close(&self) {
        self.mailbox.post(Letter::Close);
    }

    fn terminate(&self) {
        self.mailbox.post(Letter::Terminate);
    }

    fn join(&mut self) {
        let Some(supervisor) = self.supervisor.take() else { return };
        // A pool that is dropped by its own supervisor, with the last item that had it, does not wait.
        if supervisor.thread().id() != thread::current().id() {
            // It has told everybody if it panicked.
            let _ = supervisor.join();
        }
    }

    fn tallies(&self) -> &[Tally] {
        &self.tallies
    }
}

impl fmt::Debug for Processes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Processes").field("workers", &self.tallies.len()).finish_non_exhaustive()
    }
}
