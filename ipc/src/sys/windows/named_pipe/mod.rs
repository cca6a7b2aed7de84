//! Streams over named pipes, and the paths at which listeners are found.
//!
//! A stream has two pipes, one for each direction, so that either can be closed on its own and the system tells the other
//! end of it. Bytes go one way, and receipts the other:
//!
//! ```text
//! sender ── bytes ──────────────────────────────▶ receiver
//!        ◀── receipt: one byte for each SHARE ───
//! ```
//!
//! No more than WINDOW bytes are on their way without a receipt, for which a pipe has room. So every write is done at once,
//! what was sent lies in the system whatever becomes of the sender, and who waits for room waits for a receipt.
//!
//! A client opens a pipe of the listener's name and is told a number, which the two pipes of its stream are called after. It
//! closes the first when it has opened both. So whoever has a stream has nothing of the listener's name.

mod door;
mod end;
#[cfg(test)]
mod hostile;
mod lookout;
mod stream;
#[cfg(test)]
mod tests;
mod user;

pub(crate) use door::{Door, connect};
pub(crate) use lookout::{Lookout, Post};
pub(crate) use stream::PipeStream;
