//! What a connection asks of what it goes over.

use std::io;

use crate::error::{DecodeError, RecvError};
use crate::handle::{Hold, Unique};
use crate::heap::{HoldId, Owner};
use crate::message::Parcel;
use crate::ring::Stream;
use crate::sleep::{Failed, Patience};
use crate::wait::Source;

/// What a message is: an encoded value, a parcel with one, or bytes of the user's.
pub(crate) const VALUE: u32 = 1;
pub(crate) const PARCEL: u32 = 2;
pub(crate) const BYTES: u32 = 3;
pub(super) const KIND: u32 = 3;
/// Another chunk of this message follows.
pub(super) const MORE: u32 = 4;
/// The chunks before belong to a message that will not be finished.
pub(super) const CALLED_OFF: u32 = 8;
/// The bytes of this chunk came another way than the chunk itself.
pub(super) const ASIDE: u32 = 16;

/// The end that sends.
pub(crate) trait Sending {
    /// Sends one message, whole or not at all. The other end's death is told, as soon as the system
    /// knows of it.
    fn send(
        &mut self,
        kind: u32,
        bytes: &[u8],
        patience: Patience,
    ) -> io::Result<Result<(), Failed>>;

    /// Waits until the name of a parcel can be sent without a wait. How many bytes there are in the parcel matters
    /// where so many cannot be under way.
    fn wait_for_room(
        &mut self,
        parcel: usize,
        patience: Patience,
    ) -> io::Result<Result<(), Failed>>;

    /// Whether a message of so many bytes is better sent as a parcel than piece by piece.
    fn prefers_parcel(&self, len: usize) -> bool;

    /// The largest message, in bytes.
    fn largest_message(&self) -> usize;

    /// What keeps the parcels that are under way; none, and no handle can go this way.
    fn carrier(&self) -> Option<&Unique>;
}

/// The end that receives.
pub(crate) trait Receiving {
    /// Collects the next message and tells what it is. [`Disconnected`](RecvError::Disconnected) comes
    /// after everything that was sent, when no living process can send any more.
    ///
    /// `other` is the stream in the other direction, if this end alone can send on it. A message of
    /// bytes may go where it is wanted.
    fn recv(
        &mut self,
        other: Option<&Stream>,
        patience: Patience,
        wanted: &mut Option<Wanted<'_>>,
    ) -> Result<u32, RecvError>;

    /// The message that was collected, if it did not go where it was wanted.
    fn message(&mut self) -> &mut Vec<u8>;

    /// Whether a receive would not have to wait for a message to begin.
    fn poll(&mut self, patience: Patience) -> io::Result<bool>;

    /// What tells that to who waits for several things at once.
    fn source(&self) -> Source<'_>;

    /// What keeps the parcels that are under way.
    fn carrier(&self) -> Option<&Unique>;
}

/// Where a message of bytes is wanted.
pub(crate) struct Wanted<'b> {
    pub(super) buffer: &'b mut [u8],
    pub(super) filled: usize,
}

impl<'b> Wanted<'b> {
    pub(crate) fn new(buffer: &'b mut [u8]) -> Wanted<'b> {
        Wanted { buffer, filled: 0 }
    }

    /// How much of it is there.
    pub(crate) fn filled(&self) -> usize {
        self.filled
    }
}

/// How a message names a parcel.
pub(crate) fn name_of(parcel: HoldId) -> [u8; 8] {
    (u64::from(parcel.index) | u64::from(parcel.generation) << 32).to_ne_bytes()
}

/// The parcel that a message names, which leaves its carrier and belongs to this process.
pub(crate) fn parcel_named(
    message: &[u8],
    carrier: Option<&Unique>,
) -> Result<Parcel, DecodeError> {
    let unknown = || DecodeError::new("a message named a parcel that is not there");
    let carrier = carrier.ok_or_else(unknown)?;
    let name: [u8; 8] = message.try_into().map_err(|_| unknown())?;
    let name = u64::from_ne_bytes(name);
    let id = HoldId { index: name as u32, generation: (name >> 32) as u32 };
    let (program, inside) = (carrier.program(), Owner::Object(carrier.object()));
    let mine = Owner::Process(program.me);
    let (object, _) = program.heap.move_hold(id, inside, mine).ok_or_else(unknown)?;
    Ok(Parcel::from_hold(Hold::new(program, id, object)))
}

/// Whether an error says that the other end is gone.
pub(super) fn is_end(error: &io::Error) -> bool {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, HostUnreachable, NetworkUnreachable,
        NotConnected, TimedOut,
    };
    matches!(
        error.kind(),
        BrokenPipe
            | ConnectionAborted
            | ConnectionReset
            | HostUnreachable
            | NetworkUnreachable
            | NotConnected
            | TimedOut
    )
}
