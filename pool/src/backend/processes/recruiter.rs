//! How workers are started.

use std::fmt;
use std::sync::Arc;

use ipc::{Sender, Untyped};
use proc_spawn::{Process, SpawnError, Stdio};

use super::control::{Control, PLACES};
use super::ledger::{Ledger, Reader};
use super::mailbox::{Letter, Mailbox};
use super::outstanding::Outstanding;
use super::seat::Worker;
use super::worker::{self, Kit};
use crate::error::PoolError;
use crate::initializer::ForProcesses;
use crate::settings::Settings;

/// Starts workers.
pub(super) struct Recruiter {
    name: String,
    start: Box<Start>,
    /// Workers do something before their first task.
    pub(super) initializes: bool,
    /// How many chunks a worker gets in its life.
    quota: Option<usize>,
    /// Somebody wants to know of each item as soon as it is done.
    prompt: bool,
    reports: Sender<Untyped>,
    mailbox: Arc<Mailbox>,
    outstanding: Arc<Outstanding>,
}

/// Starts a worker of that name.
type Start = dyn Fn(String, Kit, Arc<Mailbox>) -> Result<Process, SpawnError> + Send;

impl Recruiter {
    pub(super) fn new<I: ForProcesses>(
        settings: &Settings,
        initializer: I,
        reports: Sender<Untyped>,
        (mailbox, outstanding): (Arc<Mailbox>, Arc<Outstanding>),
    ) -> Recruiter {
        let Settings { name, max_tasks, memory_limit, start_method, .. } = settings;
        let (memory_limit, start_method) = (*memory_limit, *start_method);
        let start = move |name, kit: Kit, mailbox: Arc<Mailbox>| {
            let seat = kit.seat;
            let mut process = Process::builder()
                .name(name)
                .daemon(true)
                .ignore_interrupt(true)
                .stdin(Stdio::null())
                .on_end(move || mailbox.post(Letter::Ended { seat }));
            if let Some(bytes) = memory_limit {
                process = process.memory_limit(bytes);
            }
            if let Some(method) = start_method {
                process = process.start_method(method);
            }
            process.spawn(worker::serve::<I>, (kit, initializer.message()?))
        };
        let (name, initializes) = (name.clone(), I::EXISTS);
        let (start, quota, prompt) = (Box::new(start), *max_tasks, settings.prompt());
        Recruiter { name, start, initializes, quota, prompt, reports, mailbox, outstanding }
    }

    /// Starts a worker for a seat.
    pub(super) fn hire(&self, seat: usize) -> Result<Worker, PoolError> {
        let action = "make the channel to a worker";
        let (sender, chunks) = ipc::channel(PLACES).map_err(PoolError::system(action))?;
        let control = Control::new().map_err(PoolError::system(action))?;
        let ledger = Ledger::new().map_err(PoolError::system(action))?;
        let kit = Kit {
            seat,
            chunks,
            reports: self.reports.clone(),
            control: control.clone(),
            ledger: ledger.clone(),
            prompt: self.prompt,
        };
        let name = format!("{}-{seat}", self.name);
        let process = (self.start)(name, kit, Arc::clone(&self.mailbox))?;
        self.outstanding.seat(seat, control.clone());
        let outstanding = (seat, Arc::clone(&self.outstanding));
        let memory = (control, Reader::new(ledger));
        Ok(Worker::new(process, (sender, outstanding), memory, self.quota))
    }
}

impl fmt::Debug for Recruiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recruiter").field("name", &self.name).finish_non_exhaustive()
    }
}
