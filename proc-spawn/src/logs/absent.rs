//! No logs.

use std::io;

use serde::{Deserialize, Serialize};

/// Nothing leads to a logger.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Line {}

/// What a new child is given.
pub(crate) fn line() -> io::Result<Option<Line>> {
    Ok(None)
}

/// Sends the records of this process, a child, along the line.
pub(crate) fn forward(_: Option<Line>) {}

/// Waits until the records that came so far have been logged.
pub(crate) fn drain() {}

/// Keeps the collector as it is while this process forks.
pub(crate) fn hold() -> Held {
    Held
}

/// See [`hold`].
#[derive(Debug)]
pub(crate) struct Held;

impl Held {
    /// In the fork: it has none.
    pub(crate) fn forget(self) {}
}
