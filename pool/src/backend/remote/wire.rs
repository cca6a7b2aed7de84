//! What goes to workers elsewhere and comes back.

use ipc::entry::EntryName;
use ipc::{DecodeError, EncodeError};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::error::TaskError;

/// Begins a load. Then come the items, each as bytes of its own.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    /// What runs an item of the function.
    pub(super) run: EntryName,
    pub(super) function: EntryName,
    pub(super) items: usize,
    /// What has not begun is left alone once an item has failed.
    pub(super) stops_at_failure: bool,
}

/// Runs an item: reads it, calls the function with it and writes the result.
pub(super) type RunItem = fn(EntryName, &[u8]) -> Result<Vec<u8>, Unfit>;

/// What could not be read or written.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Unfit {
    Item(DecodeError),
    Result(EncodeError),
}

/// What came of a load.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// Of each item, in their order; nothing of those that were left alone.
    Items(Vec<Option<Result<ByteBuf, TaskError>>>),
    /// Of all of them the same.
    All(TaskError),
}
