//! The end of a stream that sends: messages become chunks.

use std::io;
use std::sync::{Mutex, PoisonError};

use super::contract::{ASIDE, CALLED_OFF, MORE, Sending, is_end};
use crate::handle::{Hold, Unique};
use crate::heap::{Contents, HoldId, Kind, Owner, Role};
use crate::program::Program;
use crate::ring::Stream;
use crate::sleep::{Failed, Patience, Sleeper, Slept};
use crate::spin::Spin;

/// Both ends of a new stream.
pub(crate) fn stream(program: &'static Program, fingerprint: u64) -> io::Result<(Hold, Hold)> {
    let Program { heap, me, .. } = program;
    let size = Stream::size().ok_or(io::ErrorKind::OutOfMemory)?;
    let contents = Contents { kind: Kind::Stream, fingerprint, length: 0 };
    let mine = Owner::Process(*me);
    let new = heap.allocate(size, contents, mine, Role::Sender, *me)?;
    let sender = Hold::new(program, new.hold, new.object);
    Stream::init(heap, new.object, new.zeroed)?;
    let receiver = heap.add_hold(new.object, mine, Role::Receiver)?;
    Ok((sender, Hold::new(program, receiver, new.object)))
}

/// The sending end of a stream.
pub(crate) struct RingSend {
    pub(crate) hold: Unique,
    pub(crate) stream: Stream,
    aside: Option<Mutex<Box<dyn SendAside>>>,
}

/// Carries the bytes of messages past the ring, which has a chunk without bytes for each piece.
pub(crate) trait SendAside: Send {
    /// How long a piece is, at most.
    fn piece(&self) -> usize;

    /// So many pieces may be under way: then `send` does not wait.
    fn window(&self) -> usize;

    /// Sends a piece.
    fn send(&mut self, piece: &[u8]) -> io::Result<()>;
}

impl RingSend {
    pub(crate) fn new(hold: Hold) -> io::Result<RingSend> {
        let stream = Stream::sender(&hold.program().heap, hold.object())?;
        Ok(RingSend { hold: Unique::new(hold), stream, aside: None })
    }

    /// Sends the bytes of messages another way.
    #[cfg(feature = "ipc-channel")]
    pub(crate) fn set_aside(&mut self, aside: Box<dyn SendAside>) {
        self.aside = Some(Mutex::new(aside));
    }

    /// Whether all of it is in shared memory.
    pub(crate) fn travels(&self) -> bool {
        self.aside.is_none()
    }

    fn aside(&mut self) -> Option<&mut dyn SendAside> {
        let aside = self.aside.as_mut()?.get_mut().unwrap_or_else(PoisonError::into_inner);
        Some(&mut **aside)
    }

    fn largest_chunk(&mut self) -> usize {
        let largest = self.stream.largest_chunk();
        self.aside().map_or(largest, |aside| aside.piece())
    }

    /// Whether the whole of a message could be sent now.
    fn has_room_for_all(&mut self, len: usize) -> io::Result<bool> {
        let Some(aside) = self.aside() else { return self.stream.has_room_for_all(len) };
        let (window, pieces) = (aside.window(), len.div_ceil(aside.piece()).max(1));
        Ok(pieces <= window && self.stream.has_at_most(window - pieces)?)
    }

    /// Whether the next chunk, of so many bytes, could be sent now.
    fn has_room(&mut self, len: usize) -> io::Result<bool> {
        match self.aside() {
            Some(aside) => {
                let others = aside.window() - 1;
                self.stream.has_at_most(others)
            }
            None => self.stream.has_room(len),
        }
    }

    fn wait_for_room_for(
        &mut self,
        len: usize,
        patience: Patience,
    ) -> io::Result<Result<(), Failed>> {
        // Its receiver has work for as long as a sleep takes: there is nothing to be gained.
        let sleeper = Sleeper::new(self.stream.not_full(), patience);
        let mut sleeper = sleeper.spinning(Spin::none());
        loop {
            if self.hold.roles().1 == 0 {
                return Ok(Err(Failed::Disconnected));
            }
            if self.has_room(len)? {
                return Ok(Ok(()));
            }
            match sleeper.sleep() {
                Slept::TryAgain => {}
                Slept::NotAllowed => return Ok(Err(Failed::Full)),
                Slept::TimeIsUp => return Ok(Err(Failed::Timeout)),
            }
        }
    }

    /// Sends a chunk, for which there is room.
    fn write(&mut self, flags: u32, chunk: &[u8]) -> io::Result<Result<(), Failed>> {
        match self.aside() {
            Some(aside) if !chunk.is_empty() => {
                match aside.send(chunk) {
                    Err(error) if is_end(&error) => return Ok(Err(Failed::Disconnected)),
                    sent => sent?,
                }
                self.stream.write(flags | ASIDE, &[]);
            }
            _ => self.stream.write(flags, chunk),
        }
        Ok(Ok(()))
    }
}

impl Sending for RingSend {
    fn send(
        &mut self,
        kind: u32,
        bytes: &[u8],
        patience: Patience,
    ) -> io::Result<Result<(), Failed>> {
        if matches!(patience, Patience::None) && !self.has_room_for_all(bytes.len())? {
            let failed = if self.hold.roles().1 == 0 { Failed::Disconnected } else { Failed::Full };
            return Ok(Err(failed));
        }
        let largest = self.largest_chunk();
        let mut rest = bytes;
        loop {
            let (chunk, after) = rest.split_at(rest.len().min(largest));
            let begun = rest.len() < bytes.len();
            let flags = if after.is_empty() { kind } else { kind | MORE };
            let sent = if begun && patience.is_over() {
                Ok(Err(Failed::Timeout))
            } else {
                match self.wait_for_room_for(chunk.len(), patience) {
                    Ok(Ok(())) => self.write(flags, chunk),
                    failed => failed,
                }
            };
            if !matches!(sent, Ok(Ok(()))) {
                if begun {
                    // There is always room for this one word.
                    self.stream.write(CALLED_OFF, &[]);
                }
                return sent;
            }
            rest = after;
            if rest.is_empty() {
                return Ok(Ok(()));
            }
        }
    }

    /// A parcel that is larger than the ring waits until the ring is empty: no more than one is under way.
    fn wait_for_room(
        &mut self,
        parcel: usize,
        patience: Patience,
    ) -> io::Result<Result<(), Failed>> {
        let all = self.stream.all_room();
        let needed = if parcel > all { all } else { size_of::<HoldId>() };
        self.wait_for_room_for(needed, patience)
    }

    fn prefers_parcel(&self, len: usize) -> bool {
        self.travels() && len > self.stream.all_room()
    }

    fn largest_message(&self) -> usize {
        usize::MAX
    }

    fn carrier(&self) -> Option<&Unique> {
        Some(&self.hold)
    }
}
