//! What was said last. The server tells if nobody was there to hear it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;

/// For so long it is kept: the server tells within the time that a message takes.
const KEPT: Duration = Duration::from_secs(2);
/// And not more of it than this, in bytes.
const ROOM: usize = 16 << 20;

/// An answer to a submitter.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) submitter: String,
    pub(super) acks: Vec<String>,
    pub(super) message: Bytes,
}

/// Answers, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Answers {
    said: VecDeque<(Instant, Said)>,
    /// The number of the first.
    first: u64,
    bytes: usize,
}

impl Answers {
    /// Keeps an answer for a while. Gives its number.
    pub(super) fn keep(&mut self, said: Said) -> u64 {
        self.bytes += said.message.len();
        self.said.push_back((Instant::now(), said));
        while self.bytes > ROOM && self.said.len() > 1 {
            self.drop_first();
        }
        self.first + self.said.len() as u64 - 1
    }

    /// Nobody has heard it.
    pub(super) fn unheard(&self, number: u64) -> Option<&Said> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.said.get(place).map(|(_, said)| said)
    }

    /// Forgets what must have been heard.
    pub(super) fn forget_old(&mut self) {
        while self.said.front().is_some_and(|(when, _)| when.elapsed() > KEPT) {
            self.drop_first();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.said.is_empty()
    }

    fn drop_first(&mut self) {
        if let Some((_, said)) = self.said.pop_front() {
            self.first += 1;
            self.bytes -= said.message.len();
        }
    }
}
