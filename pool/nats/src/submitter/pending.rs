//! A task that has no result yet.

use std::time::Instant;

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
    /// When it was published, or found at the server, last.
    pub(super) since: Instant,
}

impl Pending {
    pub(super) fn new(load: Load) -> Pending {
        let (message, sequence, stored, since) = (None, None, None, Instant::now());
        let (is_storing, untaken_since) = (false, since);
        Pending { load, message, sequence, untaken_since, stored, is_storing, since }
    }
}
