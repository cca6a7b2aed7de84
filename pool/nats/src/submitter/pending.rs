//! A task that has no result yet.

use std::time::{Duration, Instant};

use bytes::Bytes;
use pool::remote::Load;

/// A task that has no result yet.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) load: Load,
    /// The message that brings it to an agent; none as long as the object store has not taken in what is too large.
    pub(super) message: Option<Bytes>,
    /// Under which number the stream has it, once the server has said so.
    pub(super) sequence: Option<u64>,
    /// Since when it waits for that.
    pub(super) untaken_since: Instant,
    /// What of it is in the object store.
    pub(super) stored: Option<String>,
    /// It is being put there.
    pub(super) is_storing: bool,
    /// How often it was found at the server since it was published.
    pub(super) found: u32,
    /// When it was published, or found at the server, last.
    pub(super) since: Instant,
}

impl Pending {
    /// Whether it is to be looked for again. One that takes long is looked for ever less often: the server sends all
    /// of it each time.
    pub(super) fn is_overdue(&self, deadline: Duration) -> bool {
        self.since.elapsed() >= deadline.saturating_mul(1 << self.found.min(6))
    }

    pub(super) fn new(load: Load) -> Pending {
        let (message, sequence, stored, since) = (None, None, None, Instant::now());
        let (is_storing, untaken_since) = (false, since);
        Pending { load, message, sequence, untaken_since, stored, is_storing, found: 0, since }
    }
}
