//! The end of a stream that receives: chunks become messages again.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::contract::{ASIDE, BYTES, CALLED_OFF, KIND, MORE, Receiving, Wanted};
use super::deadlock;
use crate::error::RecvError;
use crate::handle::{Hold, Unique};
use crate::heap::Signal;
use crate::ring::{Chunk, Stream};
use crate::sleep::{Patience, Sleeper, Slept};
use crate::spin::Spin;
use crate::wait::{Source, Watched};

/// The receiving end of a stream.
pub(crate) struct RingRecv {
    pub(crate) hold: Unique,
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
    aside: Option<Box<dyn RecvAside>>,
}

/// Carries the bytes of messages past the ring; see `SendAside`.
pub(crate) trait RecvAside: Send {
    /// The next piece, which was sent already.
    fn recv(&mut self) -> io::Result<Vec<u8>>;
}

impl RingRecv {
    pub(crate) fn new(hold: Hold) -> io::Result<RingRecv> {
        let stream = Stream::receiver(&hold.program().heap, hold.object())?;
        let incoming =
            Mutex::new(Incoming { stream, message: Vec::new(), complete: None, aside: None });
        Ok(RingRecv { hold: Unique::new(hold), incoming })
    }

    fn incoming(&self) -> MutexGuard<'_, Incoming> {
        self.incoming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn parts(&mut self) -> (&Unique, &mut Incoming) {
        (&self.hold, self.incoming.get_mut().unwrap_or_else(PoisonError::into_inner))
    }

    /// Receives the bytes of messages another way.
    #[cfg(feature = "ipc-channel")]
    pub(crate) fn set_aside(&mut self, aside: Box<dyn RecvAside>) {
        self.parts().1.aside = Some(aside);
    }

    /// Whether all of it is in shared memory.
    pub(crate) fn travels(&self) -> bool {
        self.incoming().aside.is_none()
    }

    /// The end with what has been collected of a message elsewhere.
    pub(crate) fn with_collected(hold: Hold, collected: Collected) -> io::Result<RingRecv> {
        let mut end = RingRecv::new(hold)?;
        let (_, incoming) = end.parts();
        (incoming.message, incoming.complete) = collected;
        Ok(end)
    }

    /// What is on this side only: a look whether a message has come takes it out of the stream.
    pub(crate) fn collected(&self) -> Collected {
        let incoming = self.incoming();
        (incoming.message.clone(), incoming.complete)
    }
}

/// What has come of a message, and what it is, once all of it has come.
pub(crate) type Collected = (Vec<u8>, Option<u32>);

impl Receiving for RingRecv {
    fn recv(
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
        incoming.stream.tell_of_room();
        if let (Err(_), Some(wanted)) = (&received, wanted) {
            incoming.keep(wanted);
        }
        if other.is_some() {
            deadlock::unblock(&incoming.stream);
        }
        received
    }

    fn message(&mut self) -> &mut Vec<u8> {
        &mut self.parts().1.message
    }

    /// Tells of whole messages only.
    fn poll(&mut self, patience: Patience) -> io::Result<bool> {
        let (hold, incoming) = self.parts();
        let mut sleeper = incoming.sleeper(patience);
        loop {
            if incoming.look(hold)? {
                return Ok(true);
            }
            if !matches!(sleeper.sleep(), Slept::TryAgain) {
                return Ok(false);
            }
        }
    }

    fn source(&self) -> Source<'_> {
        Source::watched(self)
    }

    fn carrier(&self) -> Option<&Unique> {
        Some(&self.hold)
    }
}

/// Ready when a receive would not wait.
impl Watched for RingRecv {
    fn signal(&self) -> &Signal {
        self.incoming().stream.not_empty()
    }

    fn is_ready(&self) -> io::Result<bool> {
        self.incoming().look(&self.hold)
    }
}

impl Wanted<'_> {
    fn has_room_for(&self, chunk: Chunk) -> bool {
        let is_bytes = chunk.flags & KIND == BYTES && chunk.flags & (CALLED_OFF | ASIDE) == 0;
        is_bytes && chunk.len as usize <= self.buffer.len() - self.filled
    }
}

impl Incoming {
    fn sleeper(&self, patience: Patience) -> Sleeper<'static> {
        let spin = Spin::beside(self.stream.processor_of_sender());
        Sleeper::new(self.stream.not_empty(), patience).spinning(spin)
    }

    fn receive(
        &mut self,
        hold: &Unique,
        other: Option<&Stream>,
        patience: Patience,
        wanted: &mut Option<Wanted<'_>>,
    ) -> Result<u32, RecvError> {
        let mut sleeper = self.sleeper(patience);
        let mut nobody_sends = false;
        loop {
            // A peer that answers at once need not know of this.
            if sleeper.is_tired()
                && other.is_some_and(|other| deadlock::is_deadlocked(&self.stream, other))
            {
                return Err(RecvError::Deadlock);
            }
            if let Some(chunk) = self.stream.next()? {
                // Before the chunk is taken out: who sees both streams empty and this end blocked must
                // be right.
                if other.is_some() && !deadlock::unblock(&self.stream) {
                    return Err(RecvError::Deadlock);
                }
                if let Some(kind) = self.collect(chunk, wanted)? {
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
                Some(chunk) => {
                    self.complete = self.collect(chunk, &mut None)?;
                    self.stream.tell_of_room();
                }
                None => return Ok(hold.roles().0 == 0),
            }
        }
        Ok(true)
    }

    /// Adds a chunk to the message; the kind of message if that was the last.
    fn collect(
        &mut self,
        chunk: Chunk,
        wanted: &mut Option<Wanted<'_>>,
    ) -> io::Result<Option<u32>> {
        match wanted {
            Some(wanted) if self.message.is_empty() && wanted.has_room_for(chunk) => {
                let place = &mut wanted.buffer[wanted.filled..][..chunk.len as usize];
                self.stream.read_into(chunk, place);
                wanted.filled += chunk.len as usize;
            }
            wanted => {
                if let Some(wanted) = wanted {
                    self.keep(wanted);
                }
                if let (ASIDE, Some(aside)) = (chunk.flags & ASIDE, &mut self.aside) {
                    // Before the chunk is let go of, which makes room for another piece.
                    self.message.extend(aside.recv()?);
                }
                self.stream.read(chunk, &mut self.message);
            }
        }
        if chunk.flags & CALLED_OFF != 0 {
            self.message.clear();
        }
        Ok((chunk.flags & (MORE | CALLED_OFF) == 0).then_some(chunk.flags & KIND))
    }

    /// What came does not go where it was wanted.
    fn keep(&mut self, wanted: &mut Wanted<'_>) {
        self.message.extend_from_slice(&wanted.buffer[..wanted.filled]);
        wanted.filled = 0;
    }
}
