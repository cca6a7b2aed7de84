//! What both halves of a pipe have in common.

use std::time::Duration;

use sync_prims::Deadline;

use crate::handle;
use crate::message;
use crate::sleep::Patience;

/// What a half is an end of.
pub(super) enum Way<Ring, Socket> {
    /// A stream in the program's shared memory.
    Ring(Ring),
    /// A socket, to whatever program.
    Socket(Socket),
}

enum Tag {}

/// Tells the streams of one type of message from those of others.
pub(super) fn fingerprint<T: 'static>() -> u64 {
    handle::fingerprint::<Tag, T>((size_of::<T>(), align_of::<T>()))
}

pub(super) const FOR_EVER: Patience = Patience::Until(Deadline::never());

pub(super) fn within(timeout: Duration) -> Patience {
    Patience::Until(Deadline::after(timeout))
}

/// Why an end is not encoded that is not in shared memory.
pub(super) fn stays<E: serde::ser::Error>() -> E {
    let why =
        "a connection that is not a ring in shared memory stays with the process that made it";
    E::custom(message::refuse(why.to_owned()))
}
