//! Messages as chunks of a stream, and the end that sends them.

use std::io;

use crate::handle::{Hold, Unique};
use crate::heap::{Contents, HoldId, Kind, Owner, Role};
use crate::program::Program;
use crate::ring::Stream;
use crate::sleep::{Failed, Patience, Sleeper, Slept};

/// What a message is: an encoded value, a parcel with one, or bytes of the user's.
pub(super) const VALUE: u32 = 1;
pub(super) const PARCEL: u32 = 2;
pub(super) const BYTES: u32 = 3;
pub(super) const KIND: u32 = 3;
/// Another chunk of this message follows.
pub(super) const MORE: u32 = 4;
/// The chunks before belong to a message that will not be finished.
pub(super) const CALLED_OFF: u32 = 8;

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
            let begun = rest.len() < bytes.len();
            let room = if begun && patience.is_over() {
                Err(Failed::Timeout)
            } else {
                self.wait_for_room(chunk.len(), patience)?
            };
            if let Err(failed) = room {
                if begun {
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

/// How a message names a parcel.
pub(super) fn name_of(parcel: HoldId) -> [u8; 8] {
    (u64::from(parcel.index) | u64::from(parcel.generation) << 32).to_ne_bytes()
}
