//! Messages as chunks of a stream.

use std::io;

use crate::error::{DecodeError, RecvError};
use crate::handle::{Hold, Unique};
use crate::heap::{Contents, HoldId, Kind, Owner, Role};
use crate::message::Parcel;
use crate::program::Program;
use crate::ring::{Chunk, Flow, Stream};
use crate::sleep::{Failed, Patience, Sleeper, Slept};

/// What a message is: an encoded value, a parcel with one, or bytes of the user's.
pub(super) const VALUE: u32 = 1;
pub(super) const PARCEL: u32 = 2;
pub(super) const BYTES: u32 = 3;
const KIND: u32 = 3;
/// Another chunk of this message follows.
const MORE: u32 = 4;
/// The chunks before belong to a message that will not be finished.
const CALLED_OFF: u32 = 8;

/// Both ends of a new stream.
pub(super) fn stream(program: &'static Program, fingerprint: u64) -> io::Result<(Hold, Hold)> {
    let Program { heap, me, .. } = program;
    let size = Stream::size().ok_or(io::ErrorKind::OutOfMemory)?;
    let contents = Contents { kind: Kind::Stream, fingerprint, length: 0 };
    let mine = Owner::Process(*me);
    let new = heap.allocate(size, contents, mine, Role::Sender, *me)?;
    Stream::init(heap, new.object, new.zeroed);
    let sender = Hold::new(program, new.hold, new.object);
    let receiver = heap.add_hold(new.object, mine, Role::Receiver)?;
    Ok((sender, Hold::new(program, receiver, new.object)))
}

/// The sending end of a stream.
pub(super) struct SendEnd {
    pub(super) hold: Unique,
    pub(super) stream: Stream,
}

impl SendEnd {
    pub(super) fn new(hold: Hold) -> io::Result<SendEnd> {
        let stream = Stream::sender(&hold.program().heap, hold.object())?;
        Ok(SendEnd { hold: Unique::new(hold), stream })
    }

    /// Sends one message, in as many chunks as it takes.
    pub(super) fn send(
        &mut self,
        kind: u32,
        bytes: &[u8],
        patience: Patience,
    ) -> io::Result<Result<(), Failed>> {
        let largest = self.stream.largest_chunk();
        if matches!(patience, Patience::None) && !self.stream.has_room_for_all(bytes.len())? {
            let failed = if self.hold.roles().1 == 0 { Failed::Disconnected } else { Failed::Full };
            return Ok(Err(failed));
        }
        let mut rest = bytes;
        loop {
            let (chunk, after) = rest.split_at(rest.len().min(largest));
            if let Err(failed) = self.wait_for_room(chunk.len(), patience)? {
                if rest.len() < bytes.len() {
                    // There is always room for this one word.
                    self.stream.write(CALLED_OFF, &[]);
                }
                return Ok(Err(failed));
            }
            rest = after;
            self.stream.write(if rest.is_empty() { kind } else { kind | MORE }, chunk);
            if rest.is_empty() {
                return Ok(Ok(()));
            }
        }
    }

    pub(super) fn wait_for_room(
        &mut self,
        len: usize,
        patience: Patience,
    ) -> io::Result<Result<(), Failed>> {
        let mut sleeper = Sleeper::new(self.stream.not_full(), patience);
        loop {
            if self.hold.roles().1 == 0 {
                return Ok(Err(Failed::Disconnected));
            }
            if self.stream.has_room(len)? {
                return Ok(Ok(()));
            }
            match sleeper.sleep() {
                Slept::TryAgain => {}
                Slept::NotAllowed => return Ok(Err(Failed::Full)),
                Slept::TimeIsUp => return Ok(Err(Failed::Timeout)),
            }
        }
    }
}

/// The receiving end of a stream.
pub(super) struct RecvEnd {
    pub(super) hold: Unique,
    pub(super) stream: Stream,
    /// What has come of the next message.
    message: Vec<u8>,
    /// What it is, once all of it has come.
    complete: Option<u32>,
}

/// More than this is not kept for the next message.
const KEPT: usize = 1 << 20;

impl RecvEnd {
    pub(super) fn new(hold: Hold) -> io::Result<RecvEnd> {
        let stream = Stream::receiver(&hold.program().heap, hold.object())?;
        Ok(RecvEnd { hold: Unique::new(hold), stream, message: Vec::new(), complete: None })
    }

    /// Collects the next message and tells what it is. `other` is the stream in the other direction, if
    /// this end alone can send on it.
    pub(super) fn recv(
        &mut self,
        other: Option<&Stream>,
        patience: Patience,
    ) -> Result<u32, RecvError> {
        if let Some(kind) = self.complete.take() {
            return Ok(kind);
        }
        let for_ever =
            matches!(patience, Patience::Until(deadline) if deadline.remaining().is_none());
        let other = other.filter(|_| for_ever);
        let mut sleeper = Sleeper::new(self.stream.not_empty(), patience);
        let mut nobody_sends = false;
        let received = loop {
            if other.is_some_and(|other| self.is_deadlocked(other)) {
                break Err(RecvError::Deadlock);
            }
            if let Some(chunk) = self.stream.next()? {
                // Before the chunk is taken out: who sees both streams empty and this end blocked must
                // be right.
                if other.is_some() && !self.unblock() {
                    break Err(RecvError::Deadlock);
                }
                if let Some(kind) = self.collect(chunk) {
                    break Ok(kind);
                }
                continue;
            }
            if nobody_sends {
                // What came of a message whose sender is gone is nothing.
                self.message.clear();
                break Err(RecvError::Disconnected);
            }
            nobody_sends = self.hold.roles().0 == 0;
            if nobody_sends {
                continue;
            }
            match sleeper.sleep() {
                Slept::TryAgain => {}
                Slept::NotAllowed => break Err(RecvError::Empty),
                Slept::TimeIsUp => break Err(RecvError::Timeout),
            }
        };
        if other.is_some() {
            self.unblock();
        }
        received
    }

    /// Says that this end is blocked, and tells whether the other one is, too.
    ///
    /// An end that finds both streams empty asks the other, and waits on; one that is asked and finds
    /// the same tells the asker, and both know. Without an answer there is no verdict: an end that says
    /// it is blocked may be dead, and then the answer is that it is gone.
    fn is_deadlocked(&self, other: &Stream) -> bool {
        match self.stream.flow() {
            Flow::Deadlocked => return true,
            Flow::Asked => return self.answer(other),
            Flow::Free => drop(self.stream.change_flow(Flow::Free, Flow::Blocked)),
            Flow::Blocked => {}
        }
        if self.stream.is_empty() && other.is_empty() {
            other.tell(Flow::Blocked, Flow::Asked);
        }
        false
    }

    /// The other end has asked. It waits for the answer, unless something came for it.
    fn answer(&self, other: &Stream) -> bool {
        if !(self.stream.is_empty() && other.is_empty()) {
            // If this fails, the other end has answered meanwhile, and the next look tells.
            self.stream.change_flow(Flow::Asked, Flow::Blocked);
            return false;
        }
        if !self.stream.change_flow(Flow::Asked, Flow::Free) {
            return true;
        }
        // Unless both have asked, and the other one is here as well: then they try again.
        other.tell(Flow::Blocked, Flow::Deadlocked) || other.tell(Flow::Asked, Flow::Deadlocked)
    }

    /// This end is not blocked any more. `false` if it was told of a deadlock before.
    fn unblock(&self) -> bool {
        loop {
            let flow = self.stream.flow();
            if self.stream.change_flow(flow, Flow::Free) {
                return flow != Flow::Deadlocked;
            }
        }
    }

    /// Adds a chunk to the message; the kind of message if that was the last.
    fn collect(&mut self, chunk: Chunk) -> Option<u32> {
        self.stream.read(chunk, &mut self.message);
        if chunk.flags & CALLED_OFF != 0 {
            self.message.clear();
        }
        (chunk.flags & (MORE | CALLED_OFF) == 0).then_some(chunk.flags & KIND)
    }

    /// Whether a message or the end has come.
    pub(super) fn poll(&mut self, patience: Patience) -> io::Result<bool> {
        let mut sleeper = Sleeper::new(self.stream.not_empty(), patience);
        loop {
            if self.complete.is_some() {
                return Ok(true);
            }
            if let Some(chunk) = self.stream.next()? {
                self.complete = self.collect(chunk);
                continue;
            }
            if self.hold.roles().0 == 0 {
                return Ok(true);
            }
            if !matches!(sleeper.sleep(), Slept::TryAgain) {
                return Ok(false);
            }
        }
    }

    /// Whether nothing of a message is on this side only.
    pub(super) fn is_between_messages(&self) -> bool {
        self.message.is_empty() && self.complete.is_none()
    }

    /// Takes the message out, for as long as `read` lasts.
    pub(super) fn with_message<V>(&mut self, read: impl FnOnce(&mut Vec<u8>) -> V) -> V {
        let mut message = std::mem::take(&mut self.message);
        let value = read(&mut message);
        if message.capacity() <= KEPT {
            message.clear();
            self.message = message;
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

/// How a message names a parcel.
pub(super) fn name_of(parcel: HoldId) -> [u8; 8] {
    (u64::from(parcel.index) | u64::from(parcel.generation) << 32).to_ne_bytes()
}
