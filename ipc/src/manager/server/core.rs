//! What all threads of a server share.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::crew::Crew;
use super::dispatch::Errand;
use super::gate::Gate;
use super::table::Table;
use super::timers::Timers;
use super::watch::{Nudge, Watched};
use crate::channel::{Receiver, Sender, Untyped};
use crate::endpoint::Endpoint;
use crate::error::RecvError;
use crate::manager::host::Catch;
use crate::manager::protocol::Envelope;

pub(super) struct Core {
    pub(super) inbox: Receiver<Untyped>,
    /// Into its own inbox.
    myself: Sender<Untyped>,
    pub(super) catch: Catch,
    pub(super) crew: Arc<Crew>,
    pub(super) table: Table,
    /// Published objects, with a lease of each.
    names: Mutex<HashMap<String, (u64, Endpoint)>>,
    pub(super) timers: Timers,
    /// What is to be watched from now on.
    arrivals: Mutex<Vec<Watched>>,
    nudge: Nudge,
    errands: Mutex<VecDeque<Errand>>,
    pub(super) gate: Gate,
    ids: AtomicU64,
    /// Nothing is ever sent.
    _alive: Sender<()>,
}

impl Core {
    pub(super) fn new(
        inbox: Receiver<Untyped>,
        catch: Catch,
        nudge: Nudge,
        alive: Sender<()>,
    ) -> std::io::Result<Core> {
        let myself = inbox.sender()?;
        Ok(Core {
            inbox,
            myself,
            catch,
            crew: Arc::default(),
            table: Table::default(),
            names: Mutex::default(),
            timers: Timers::new(nudge.clone()),
            arrivals: Mutex::default(),
            nudge,
            errands: Mutex::default(),
            gate: Gate::default(),
            ids: AtomicU64::new(1),
            _alive: alive,
        })
    }

    /// A number that nothing else of this server has.
    pub(super) fn new_id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// Puts a message behind all that has come.
    pub(super) fn tell(&self, envelope: &Envelope) {
        // The inbox is closed when the server ends: then there is nobody to tell.
        let _ = self.myself.send_with(|encoder| encoder.put(envelope));
    }

    fn errands(&self) -> MutexGuard<'_, VecDeque<Errand>> {
        self.errands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the crew do that, behind what has come before.
    pub(super) fn send_out(&self, errand: Errand) {
        self.errands().push_back(errand);
        self.tell(&Envelope::Errand);
    }

    pub(super) fn next_errand(&self) -> Option<Errand> {
        self.errands().pop_front()
    }

    pub(super) fn names(&self) -> MutexGuard<'_, HashMap<String, (u64, Endpoint)>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn watch(&self, watched: Watched) {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner).push(watched);
        self.nudge.give();
    }

    pub(super) fn arrivals(&self) -> Vec<Watched> {
        std::mem::take(&mut *self.arrivals.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends it: whoever waits for an answer is told that the server is gone.
    pub(super) fn end(&self) {
        self.inbox.close();
        self.gate.close();
        self.crew.end();
        // What nobody has led to read: a function that runs on keeps the inbox, and who waits for an answer to
        // that would wait as long, or for the drop of an object.
        while matches!(self.inbox.recv_with(|_| Ok(())), Ok(()) | Err(RecvError::Decode(_))) {}
        drop(self.arrivals());
        drop(std::mem::take(&mut *self.errands()));
        drop(std::mem::take(&mut *self.names()));
        self.table.clear(self.catch);
        self.crew.wait_for_end();
    }
}
