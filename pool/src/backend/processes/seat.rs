//! One worker as the supervisor knows it, and the seat that it leaves to its successor.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use ipc::{EncodeError, SendError, Sender, Untyped};
use proc_spawn::{Panic, Process};

use super::control::{Begun, Control, PLACES};
use super::job::ProcessJob;
use super::ledger::Reader;
use super::outstanding::Outstanding;
use crate::call::Chunk;
use crate::error::TaskError;
use crate::starts::Starts;

/// The place of a worker in the pool. There is at most one process for it at any time.
#[derive(Debug, Default)]
pub(super) struct Seat {
    pub(super) worker: Option<Worker>,
    pub(super) starts: Starts,
}

/// A worker that was started and of whose end the supervisor has not heard.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) process: Process,
    /// Gone once the worker is to end.
    chunks: Option<Sender<Untyped>>,
    /// Where those who cancel a call see what it was sent, and under which number.
    outstanding: (usize, Arc<Outstanding>),
    pub(super) control: Control,
    pub(super) results: Reader,
    /// How many of its reports were read.
    pub(super) reported: u64,
    /// What it was sent and has not reported on in full, in that order.
    pub(super) before_it: VecDeque<Dispatched>,
    /// How many chunks it may have before it.
    window: usize,
    /// How many chunks it may still be sent in its life.
    quota: Option<usize>,
    next_serial: u64,
    /// It has passed the initializer.
    pub(super) ready: bool,
    /// What the initializer died of.
    pub(super) not_ready: Option<Panic>,
    /// It was of use: an item was settled by it.
    pub(super) proven: bool,
    /// It is killed for the item that it runs; this is what the item has.
    pub(super) doom: Option<TaskError>,
    /// When what it runs now can have begun at the latest; kept where items have a time limit.
    pub(super) since: Option<Instant>,
}

/// A chunk that was sent to a worker.
#[derive(Debug)]
pub(super) struct Dispatched {
    /// What of it has no report.
    pub(super) chunk: Chunk,
    pub(super) serial: u64,
    /// Its first item, when it was sent.
    first: usize,
    /// It was taken back before the worker began it. The worker will report that it did not.
    pub(super) void: bool,
    /// Its one item went with it and is nowhere else.
    pub(super) moved: bool,
}

impl Dispatched {
    /// The first item of it that has no report.
    pub(super) fn item(&self) -> Begun {
        Begun::item(self.serial, self.chunk.start - self.first)
    }

    /// Which item of the call that is, if it is one of these without a report.
    fn index_of(&self, begun: Begun) -> Option<usize> {
        let index = self.first + begun.index_in(self.serial)?;
        (self.chunk.start..self.chunk.end).contains(&index).then_some(index)
    }
}

/// A chunk was not sent.
#[derive(Debug)]
pub(super) enum Unsent {
    /// This worker takes nothing more.
    Gone,
    /// Its call has ended: nobody wants it.
    Unwanted,
    /// Its item would move into the message, and so to a worker that cannot begin it at once: there it would wait where
    /// no other can fetch it, and be gone if that worker died.
    NotYet,
    /// It cannot be made into a message.
    Unencodable(EncodeError),
}

/// How many chunks a worker may have before it at first: one to run, one to go on with.
const WINDOW: usize = 2;

impl Worker {
    pub(super) fn new(
        process: Process,
        (chunks, outstanding): (Sender<Untyped>, (usize, Arc<Outstanding>)),
        (control, results): (Control, Reader),
        quota: Option<usize>,
    ) -> Worker {
        Worker {
            process,
            chunks: Some(chunks),
            outstanding,
            control,
            results,
            reported: 0,
            before_it: VecDeque::new(),
            window: WINDOW,
            quota,
            next_serial: 0,
            ready: false,
            not_ready: None,
            proven: false,
            doom: None,
            since: None,
        }
    }

    /// Whether it can be sent another chunk.
    pub(super) fn has_room(&self) -> bool {
        self.chunks.is_some() && self.quota != Some(0) && self.before_it.len() < self.window
    }

    /// Whether it waits for something to do.
    pub(super) fn is_idle(&self) -> bool {
        self.ready && self.chunks.is_some() && self.quota != Some(0) && self.before_it.is_empty()
    }

    /// Whether it has done all that it may do in its life.
    pub(super) fn is_spent(&self) -> bool {
        self.chunks.is_some() && self.quota == Some(0) && self.before_it.is_empty()
    }

    /// It ran out of chunks while there were some: it is faster than the supervisor, so it
    /// may have more.
    pub(super) fn widen(&mut self) {
        self.window = (self.window * 2).min(PLACES);
    }

    /// There is nothing to do for it: the next call may be of another kind.
    pub(super) fn narrow(&mut self) {
        self.window = WINDOW;
    }

    /// It ends when it is done with what is before it; at once if it has not come as far as that.
    pub(super) fn dismiss(&mut self) {
        self.chunks = None;
        if !self.ready {
            self.kill();
        }
    }

    pub(super) fn kill(&mut self) {
        self.chunks = None;
        // Refused only where a worker has changed its user; then it ends when it reads no more.
        let _ = self.process.kill();
    }

    /// Kills it for the item that it runs, if that is one that is wanted dead. Otherwise nothing
    /// happens, for what it was to be killed for is over.
    pub(super) fn kill_if_it_runs(
        &mut self,
        wanted: impl Fn(&Dispatched, usize) -> bool,
        doom: TaskError,
    ) {
        if self.doom.is_some() {
            return;
        }
        let last = self.control.halt();
        let mut sent = self.before_it.iter().filter(|sent| !sent.void);
        let runs = sent.find_map(|sent| Some((sent, sent.index_of(last)?)));
        if runs.is_some_and(|(sent, index)| wanted(sent, index)) {
            self.doom = Some(doom);
            self.kill();
        } else {
            self.control.resume();
        }
    }

    /// Sends a chunk.
    pub(super) fn send(&mut self, chunk: Chunk, job: &dyn ProcessJob) -> Result<(), Unsent> {
        let Some(chunks) = &self.chunks else { return Err(Unsent::Gone) };
        let serial = self.next_serial;
        let (seat, outstanding) = &self.outstanding;
        outstanding.enter(*seat, serial, chunk.call);
        if job.ended().has_come() {
            return Err(Unsent::Unwanted);
        }
        let mut moved = false;
        let mut sent = job.send(serial, chunk.start..chunk.end, chunks);
        if let Err(SendError::Encode { error, .. }) = &sent
            && error.is_in_use()
            && chunk.len() == 1
        {
            if !self.is_idle() {
                return Err(Unsent::NotYet);
            }
            moved = true;
            sent = job.send_moved(serial, chunk.start, chunks);
        }
        match sent {
            Ok(()) => {
                let first = chunk.start;
                self.before_it.push_back(Dispatched { chunk, serial, first, void: false, moved });
                self.next_serial += 1;
                self.quota = self.quota.map(|quota| quota - 1);
                Ok(())
            }
            // There is room for as many messages as there are places.
            Err(SendError::Disconnected(()) | SendError::Full(()) | SendError::Timeout(())) => {
                self.chunks = None;
                Err(Unsent::Gone)
            }
            Err(SendError::Encode { error, .. }) => Err(Unsent::Unencodable(error)),
            Err(error) => Err(Unsent::Unencodable(EncodeError::new(error))),
        }
    }

    /// Takes back what it has not begun of these chunks. What that was is handed to `taken`.
    pub(super) fn take_back(
        &mut self,
        wanted: impl Fn(&Dispatched) -> bool,
        mut taken: impl FnMut(Chunk),
    ) {
        for sent in self.before_it.iter_mut().filter(|sent| !sent.void && wanted(sent)) {
            if self.control.take_back(sent.serial) {
                sent.void = true;
                self.quota = self.quota.map(|quota| quota + 1);
                taken(sent.chunk);
            }
        }
    }

    /// How many chunks could be given back.
    pub(super) fn burden(&self) -> usize {
        self.before_it.iter().skip(self.fixed()).filter(|sent| sent.can_be_given_back()).count()
    }

    /// Takes the last chunk back that it has not begun and would not begin at once.
    pub(super) fn give_back(&mut self) -> Option<Chunk> {
        let fixed = self.fixed();
        let last = self.before_it.iter_mut().skip(fixed).rfind(|sent| sent.can_be_given_back())?;
        last.void = self.control.take_back(last.serial);
        if !last.void {
            return None;
        }
        self.quota = self.quota.map(|quota| quota + 1);
        Some(last.chunk)
    }

    /// The first chunk is as good as begun, if there is anybody to begin it.
    fn fixed(&self) -> usize {
        usize::from(self.ready)
    }
}

impl Dispatched {
    fn can_be_given_back(&self) -> bool {
        !self.void && !self.moved
    }
}
