//! One worker as the supervisor knows it, and the seat that it leaves to its successor.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;

use ipc::{EncodeError, SendError, Sender, Untyped};
use proc_spawn::{Panic, Process};

use super::control::{Control, PLACES};
use super::job::ProcessJob;
use crate::chunk::Chunk;
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
    pub(super) control: Control,
    /// What it was sent and has not reported on in full, in that order.
    pub(super) before_it: VecDeque<Dispatched>,
    /// How many chunks it may have before it.
    window: usize,
    next_place: u8,
    /// It has passed the initializer.
    pub(super) ready: bool,
    /// What the initializer died of.
    pub(super) not_ready: Option<Panic>,
    /// It was of use: an item was settled by it.
    pub(super) proven: bool,
}

/// A chunk that was sent to a worker.
#[derive(Debug)]
pub(super) struct Dispatched {
    /// What of it has no report.
    pub(super) chunk: Chunk,
    pub(super) place: u8,
    /// It was taken back before the worker began it. The worker will report that it did not.
    pub(super) void: bool,
}

/// A chunk was not sent.
#[derive(Debug)]
pub(super) enum Unsent {
    /// This worker takes nothing more.
    Gone,
    /// It cannot be made into a message.
    Unencodable(EncodeError),
}

/// How many chunks a worker may have before it at first: one to run, one to go on with.
const WINDOW: usize = 2;

impl Worker {
    pub(super) fn new(process: Process, chunks: Sender<Untyped>, control: Control) -> Worker {
        Worker {
            process,
            chunks: Some(chunks),
            control,
            before_it: VecDeque::new(),
            window: WINDOW,
            next_place: 0,
            ready: false,
            not_ready: None,
            proven: false,
        }
    }

    /// Whether it can be sent another chunk.
    pub(super) fn has_room(&self) -> bool {
        self.chunks.is_some() && self.before_it.len() < self.window
    }

    /// Whether it waits for something to do.
    pub(super) fn is_idle(&self) -> bool {
        self.ready && self.chunks.is_some() && self.before_it.is_empty()
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

    /// Sends a chunk.
    pub(super) fn send(&mut self, chunk: Chunk, job: &dyn ProcessJob) -> Result<(), Unsent> {
        let Some(chunks) = &self.chunks else { return Err(Unsent::Gone) };
        let place = self.next_place;
        self.control.clear(place);
        let write =
            || chunks.try_send_with(|message| job.encode(place, chunk.start..chunk.end, message));
        // The items' own code runs in there.
        let sent = match Panic::catch(AssertUnwindSafe(write)) {
            Ok(sent) => sent,
            Err(panic) => return Err(Unsent::Unencodable(EncodeError::new(panic))),
        };
        match sent {
            Ok(()) => {
                self.before_it.push_back(Dispatched { chunk, place, void: false });
                self.next_place = (place + 1) % PLACES as u8;
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

    /// How many chunks could be given back.
    pub(super) fn burden(&self) -> usize {
        self.before_it.iter().skip(self.fixed()).filter(|sent| !sent.void).count()
    }

    /// Takes the last chunk back that it has not begun and would not begin at once.
    pub(super) fn give_back(&mut self) -> Option<Chunk> {
        let fixed = self.fixed();
        let last = self.before_it.iter_mut().skip(fixed).rfind(|sent| !sent.void)?;
        last.void = self.control.take_back(last.place);
        last.void.then_some(last.chunk)
    }

    /// The first chunk is as good as begun, if there is anybody to begin it.
    fn fixed(&self) -> usize {
        usize::from(self.ready)
    }
}
