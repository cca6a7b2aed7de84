//! What workers and the supervisor say to each other.

use ipc::entry::EntryName;
use ipc::parcel::Decoder;
use ipc::{DecodeError, EncodeError};
use proc_spawn::Panic;
use serde::{Deserialize, Serialize};

use super::worker::Desk;

/// Begins a chunk's message. Then comes what the function named here reads: the user's function, and
/// the items one by one.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) run: EntryName,
    /// Which of the worker's chunks this is, from 0.
    pub(super) serial: u64,
    pub(super) items: usize,
    /// What follows an item that fails is left alone.
    pub(super) stops_at_failure: bool,
}

/// Runs the items of a chunk.
pub(super) type Run = fn(&mut Decoder<'_>, &Header, &Desk);

/// A message to the supervisor.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Report {
    /// There are letters. From whoever posted them.
    Look,
    /// All that the worker in this seat has ever sent has been read. From the supervisor itself.
    Gone { seat: usize },
    /// From a worker. Workers report on their chunks in the order in which they were sent them, and on
    /// the items of each in their order, so neither is named. Before this one come so many, by
    /// message or in the ledger.
    From { seat: usize, number: u64, word: Word },
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Word {
    /// It has done what comes before the first task.
    Ready,
    /// It has not, and ends.
    NotReady(Panic),
    /// There are results in the ledger. No report by itself.
    Written,
    /// The item is done; its result follows.
    Done,
    /// The item's function panicked.
    Panicked(Panic),
    /// The item's function has returned something that cannot be sent.
    Unencodable(EncodeError),
    /// The item cannot be read.
    Unreadable(DecodeError),
    /// What is left of the chunk was not begun and will not be.
    Rest,
}
