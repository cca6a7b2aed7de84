//! The processes of a pool, as its owner has them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::{self, JoinHandle};

use super::crew::Crew;
use super::host::ProcessHost;
use super::job::ProcessJob;
use super::mailbox::{Letter, Mailbox};
use super::outstanding::Outstanding;
use super::recruiter::Recruiter;
use super::seat::Seat;
use super::supervisor::Supervisor;
use crate::backend::Backend;
use crate::call::Ticket;
use crate::error::PoolError;
use crate::event::Event;
use crate::initializer::ForProcesses;
use crate::settings::Settings;
use crate::stats::{Tally, tallies};
use crate::task::Host;

/// The processes of a pool and the thread that looks after them.
pub(crate) struct Processes {
    mailbox: Arc<Mailbox>,
    host: Arc<ProcessHost>,
    tallies: Arc<[Tally]>,
    supervisor: Option<JoinHandle<()>>,
}

/// How many reports can be on their way. Workers wait while there are more.
const REPORTS: usize = 512;

impl Processes {
    pub(crate) fn start<I: ForProcesses>(
        settings: &Settings,
        initializer: I,
    ) -> Result<Processes, PoolError> {
        let Settings { workers, name, timeout, events, .. } = settings;
        let action = "make the channel from the workers";
        let (bell, reports) = ipc::channel(REPORTS).map_err(PoolError::system(action))?;
        let mailbox = Arc::new(Mailbox::new(bell.clone()));
        let outstanding = Arc::new(Outstanding::default());
        let told = (Arc::clone(&mailbox), Arc::clone(&outstanding));
        let recruiter = Recruiter::new(settings, initializer, bell.clone(), told);
        let tallies = Arc::from(tallies(*workers));
        let mut crew = Crew::new(Arc::clone(&tallies), *timeout);
        // Should one of them not start, the others end with their handles.
        for (seat, tally) in tallies.iter().enumerate() {
            let worker = recruiter.hire(seat)?;
            let pid = worker.process.id();
            tally.pid.store(pid, Relaxed);
            crew.seats.push(Seat { worker: Some(worker), ..Seat::default() });
            events.tell(|| Event::WorkerStarted { worker: seat, pid });
        }
        let bell = (bell, reports);
        let supervisor = Supervisor::new(crew, recruiter, Arc::clone(&mailbox), bell, settings);
        let supervisor = thread::Builder::new()
            .name(format!("{name}-supervisor"))
            .spawn(move || supervisor.run())
            .map_err(PoolError::system("start the thread that looks after the workers"))?;
        let host = Arc::new(ProcessHost::new(Arc::clone(&mailbox), outstanding, name.clone()));
        Ok(Processes { mailbox, host, tallies, supervisor: Some(supervisor) })
    }
}

impl Backend for Processes {
    type Job = dyn ProcessJob;

    const LOOKS_FIRST: bool = true;

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
        self.host.finish();
    }

    fn host(&self) -> Arc<dyn Host> {
        Arc::clone(&self.host) as Arc<dyn Host>
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
