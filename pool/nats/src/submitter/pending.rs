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
    /// How often it may be delivered: one time for each that it was published, and that the server was cut off since.
    pub(super) copies: u32,
    /// How often of that because no agent had said a word of it.
    pub(super) unheard: u32,
    /// When that was last, or when an agent has said last that it has it.
    pub(super) since: Instant,
}

/// After what time without a word of it a task is published anew.
#[derive(Debug)]
pub(super) struct Deadlines {
    /// The server is to say that it has taken it in.
    pub(super) taken_in: Duration,
    /// An agent is to say that it has it.
    pub(super) held: Duration,
    /// Since when there has been any.
    pub(super) agents_since: Option<Instant>,
}

impl Pending {
    /// Whether it is to be published anew. One that waits for its turn for long is published ever less often.
    pub(super) fn is_overdue(&self, deadlines: &Deadlines) -> bool {
        if self.message.is_none() {
            return false;
        }
        if self.sequence.is_none() {
            return self.since.elapsed() >= deadlines.taken_in;
        }
        let held = deadlines.held.saturating_mul(1 << self.unheard.min(6));
        deadlines.agents_since.is_some_and(|since| self.since.max(since).elapsed() >= held)
    }

    /// It is published anew. Under which number the stream has had it.
    pub(super) fn take_sequence(&mut self) -> Option<u64> {
        let sequence = self.sequence.take()?;
        self.untaken_since = Instant::now();
        Some(sequence)
    }

    /// An agent says that it has it.
    pub(super) fn hear(&mut self) {
        (self.since, self.unheard) = (Instant::now(), 0);
    }

    pub(super) fn new(load: Load) -> Pending {
        let (message, sequence, stored, since) = (None, None, None, Instant::now());
        let (is_storing, untaken_since) = (false, since);
        Pending {
            load,
            message,
            sequence,
            untaken_since,
            stored,
            is_storing,
            copies: 0,
            unheard: 0,
            since,
        }
    }
}
