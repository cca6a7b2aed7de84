//! The end of a stream that receives: chunks become messages again.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::wire::{BYTES, CALLED_OFF, KIND, MORE};
use crate::error::{DecodeError, RecvError};
use crate::handle::{Hold, Unique};
use crate::heap::{HoldId, Owner, Signal};
use crate::message::Parcel;
use crate::ring::{Chunk, Flow, Stream};
use crate::sleep::{Patience, Sleeper, Slept};
use crate::wait::Watched;

/// The receiving end of a stream.
pub(super) struct RecvEnd {
    pub(super) hold: Unique,
    /// Locked only by those who wait for several things at once, who have no more than a reference.
    incoming: Mutex<Incoming>,
}

/// What has come and was not received yet.
struct Incoming {
    stream: Stream,
    /// What has come of the next message.
    message: Vec<u8>,
    /// What it is, once all of it has come.
    complete: Option<u32>,
}

/// Where a message of bytes is wanted.
struct Wanted<'b> {
    buffer: &'b mut [u8],
    filled: usize,
}

/// More than this is not kept for the next message.
const KEPT: usize = 4 << 20;

impl RecvEnd {
    pub(super) fn new(hold: Hold) -> io::Result<RecvEnd> {
        let stream = Stream::receiver(&hold.program().heap, hold.object())?;
        let incoming = Mutex::new(Incoming { stream, message: Vec::new(), complete: None });
        Ok(RecvEnd { hold: Unique::new(hold), incoming })
    }

    fn incoming(&self) -> MutexGuard<'_, Incoming> {
        self.incoming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn parts(&mut self) -> (&Unique, &mut Incoming) {
        (&self.hold, self.incoming.get_mut().unwrap_or_else(PoisonError::into_inner))
    }

    /// Collects the next message and tells what it is. `other` is the stream in the other direction, if
    /// this end alone can send on it.
    pub(super) fn recv(
        &mut self,
        other: Option<&Stream>,
        patience: Patience,
    ) -> Result<u32, RecvError> {
        self.recv_wanted(other, patience, &mut None)
    }

    /// The same; a message of bytes that fits goes into the buffer without a stop, and its length is told.
    pub(super) fn recv_into(
        &mut self,
        other: Option<&Stream>,
        patience: Patience,
        buffer: &mut [u8],
    ) -> Result<(u32, usize), RecvError> {
        let mut wanted = Some(Wanted { buffer, filled: 0 });
        let received = self.recv_wanted(other, patience, &mut wanted);
        let filled = wanted.map_or(0, |wanted| wanted.filled);
        received.map(|kind| (kind, filled))
    }

    fn recv_wanted(
        &mut self,
        other: Option<&Stream>,
        patience: Patience,
        wanted: &mut Option<Wanted<'_>>,
    ) -> Result<u32, RecvError> {
        let (hold, incoming) = self.parts();
        if let Some(kind) = incoming.complete.take() {
            return Ok(kind);
        }
        let for_ever =
            matches!(patience, Patience::Until(deadline) if deadline.remaining().is_none());
        let other = other.filter(|_| for_ever);
        let received = incoming.receive(hold, other, patience, wanted);
        if let (Err(_), Some(wanted)) = (&received, wanted) {
            incoming.keep(wanted);
        }
        if other.is_some() {
            incoming.unblock();
        }
        received
    }

    /// Whether a message or the end has come.
    pub(super) fn poll(&mut self, patience: Patience) -> io::Result<bool> {
        let (hold, incoming) = self.parts();
        let mut sleeper = Sleeper::new(incoming.stream.not_empty(), patience);
        loop {
            if incoming.look(hold)? {
                return Ok(true);
            }
            if !matches!(sleeper.sleep(), Slept::TryAgain) {
                return Ok(false);
            }
        }
    }

    /// Whether nothing of a message is on this side only.
    pub(super) fn is_between_messages(&self) -> bool {
        let incoming = self.incoming();
        incoming.message.is_empty() && incoming.complete.is_none()
    }

    /// Takes the message out, for as long as `read` lasts.
    pub(super) fn with_message<V>(&mut self, read: impl FnOnce(&mut Vec<u8>) -> V) -> V {
        let (_, incoming) = self.parts();
        let mut message = std::mem::take(&mut incoming.message);
        let value = read(&mut message);
        if message.capacity() <= KEPT {
            message.clear();
            incoming.message = message;
        }
        value
    }

    /// The parcel that a message names.
    pub(super) fn parcel(&self, message: &[u8]) -> Result<Parcel, DecodeError> {
        let unknown = || DecodeError::new("a message named a parcel that is not there");
        let name: [u8; 8] = message.try_into().map_err(|_| unknown())?;
        let name = u64::from_ne_bytes(name);
        let id = HoldId { index: name as u32, generation: (name >> 32) as u32 };
        let program = self.hold.program();
        let inside = Owner::Object(self.hold.object());
        let (object, _) =
            program.heap.move_hold(id, inside, Owner::Process(program.me)).ok_or_else(unknown)?;
        Ok(Parcel::from_hold(Hold::new(program, id, object)))
    }
}

/// Ready when a receive would not wait.
impl Watched for RecvEnd {
    fn signal(&self) -> &Signal {
        self.incoming().stream.not_empty()
    }

    fn is_ready(&self) -> io::Result<bool> {
        self.incoming().look(&self.hold)
    }
}

impl Wanted<'_> {
    fn has_room_for(&self, chunk: Chunk) -> bool {
        let is_bytes = chunk.flags & KIND == BYTES && chunk.flags & CALLED_OFF == 0;
        is_bytes && chunk.len as usize <= self.buffer.len() - self.filled
    }
}

impl Incoming {
    fn receive(
        &mut self,
        hold: &Unique,
        other: Option<&Stream>,
        patience: Patience,
        wanted: &mut Option<Wanted<'_>>,
    ) -> Result<u32, RecvError> {
        let mut sleeper = Sleeper::new(self.stream.not_empty(), patience);
        let mut nobody_sends = false;
        loop {
            // A peer that answers at once need not know of this.
            if sleeper.is_tired() && other.is_some_and(|other| self.is_deadlocked(other)) {
                return Err(RecvError::Deadlock);
            }
            if let Some(chunk) = self.stream.next()? {
                // Before the chunk is taken out: who sees both streams empty and this end blocked must
                // be right.
                if other.is_some() && !self.unblock() {
                    return Err(RecvError::Deadlock);
                }
                if let Some(kind) = self.collect(chunk, wanted) {
                    return Ok(kind);
                }
                if patience.is_over() {
                    return Err(RecvError::Timeout);
                }
                continue;
            }
            if nobody_sends {
                // What came of a message whose sender is gone is nothing.
                self.message.clear();
                *wanted = None;
                return Err(RecvError::Disconnected);
            }
            nobody_sends = hold.roles().0 == 0;
            if nobody_sends {
                continue;
            }
            match sleeper.sleep() {
                Slept::TryAgain => {}
                Slept::NotAllowed => return Err(RecvError::Empty),
                Slept::TimeIsUp => return Err(RecvError::Timeout),
            }
        }
    }

    /// Collects what has come; whether that is a message, or the end.
    fn look(&mut self, hold: &Unique) -> io::Result<bool> {
        while self.complete.is_none() {
            match self.stream.next()? {
                Some(chunk) => self.complete = self.collect(chunk, &mut None),
                None => return Ok(hold.roles().0 == 0),
            }
        }
        Ok(true)
    }

    /// Adds a chunk to the message; the kind of message if that was the last.
    fn collect(&mut self, chunk: Chunk, wanted: &mut Option<Wanted<'_>>) -> Option<u32> {
        match wanted {
            Some(wanted) if self.message.is_empty() && wanted.has_room_for(chunk) => {
                let place = &mut wanted.buffer[wanted.filled..][..chunk.len as usize];
                self.stream.read_into(chunk, place);
                wanted.filled += chunk.len as usize;
            }
            Some(wanted) => {
                self.keep(wanted);
                self.stream.read(chunk, &mut self.message);
            }
            None => self.stream.read(chunk, &mut self.message),
        }
        if chunk.flags & CALLED_OFF != 0 {
            self.message.clear();
        }
        (chunk.flags & (MORE | CALLED_OFF) == 0).then_some(chunk.flags & KIND)
    }

    /// What came does not go where it was wanted.
    fn keep(&mut self, wanted: &mut Wanted<'_>) {
        self.message.extend_from_slice(&wanted.buffer[..wanted.filled]);
        wanted.filled = 0;
    }

    /// Says that this end is blocked, and tells whether the other one is, too.
    ///
    /// An end that finds both streams empty asks the other, and waits on; one that is asked and finds
    /// the same tells the asker, and both know. Without an answer there is no verdict: an end that says
    /// it is blocked may be dead, and then the answer is that it is gone.
    fn is_deadlocked(&self, other: &Stream) -> bool {
        loop {
            match self.stream.flow() {
                Flow::Deadlocked => return true,
                Flow::Asked => match self.answer(other) {
                    Some(verdict) => return verdict,
                    // Both are free now, and neither would be woken by the other.
                    None => continue,
                },
                Flow::Free => drop(self.stream.change_flow(Flow::Free, Flow::Blocked)),
                Flow::Blocked => {}
            }
            if self.stream.is_empty() && other.is_empty() {
                other.tell(Flow::Blocked, Flow::Asked);
            }
            return false;
        }
    }

    /// The other end has asked. It waits for the answer, unless something came for it. `None` if both
    /// have asked and both are answering: then they begin again.
    fn answer(&self, other: &Stream) -> Option<bool> {
        if !(self.stream.is_empty() && other.is_empty()) {
            // If this fails, the other end has answered meanwhile, and the next look tells.
            self.stream.change_flow(Flow::Asked, Flow::Blocked);
            return Some(false);
        }
        if !self.stream.change_flow(Flow::Asked, Flow::Free) {
            return Some(true);
        }
        let told = other.tell(Flow::Blocked, Flow::Deadlocked)
            || other.tell(Flow::Asked, Flow::Deadlocked);
        told.then_some(true)
    }

    /// This end is not blocked any more. `false` if it was told of a deadlock before.
    fn unblock(&self) -> bool {
        loop {
            let flow = self.stream.flow();
            // Only this end leaves Free, so nobody has asked it anything.
            if flow == Flow::Free || self.stream.change_flow(flow, Flow::Free) {
                return flow != Flow::Deadlocked;
            }
        }
    }
}
