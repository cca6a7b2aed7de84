//! Requests for tasks that the server has yet to fulfil.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long a request stands.
const STANDS: Duration = Duration::from_secs(10);
/// The server ends a request itself. One that it has not ended by then was lost.
const LOST: Duration = Duration::from_secs(2);

/// Requests that are open, the oldest first: the server fulfils them in that order.
#[derive(Debug, Default)]
pub(super) struct Pulls {
    open: VecDeque<Pull>,
    made: u64,
}

#[derive(Debug)]
struct Pull {
    number: u64,
    left: usize,
    until: Instant,
}

impl Pulls {
    /// Makes a request if so many tasks are wanted: its number, and what it says.
    pub(super) fn request(&mut self, wanted: usize) -> Option<(u64, String)> {
        let asked: usize = self.open.iter().map(|pull| pull.left).sum();
        let left = wanted.checked_sub(asked).filter(|left| *left > 0)?;
        self.made += 1;
        let (number, until) = (self.made, Instant::now() + STANDS + LOST);
        self.open.push_back(Pull { number, left, until });
        let expires = STANDS.as_nanos();
        Some((number, format!("{{\"batch\":{left},\"expires\":{expires}}}")))
    }

    /// A task has come.
    pub(super) fn fulfil(&mut self) {
        if let Some(first) = self.open.front_mut() {
            first.left -= 1;
            if first.left == 0 {
                self.open.pop_front();
            }
        }
    }

    /// The server has ended this request.
    pub(super) fn end(&mut self, number: u64) {
        self.open.retain(|pull| pull.number != number);
    }

    /// The server knows of none any more.
    pub(super) fn forget_all(&mut self) {
        self.open.clear();
    }

    /// When the first of them is lost, if the server does not end it.
    pub(super) fn due(&self) -> Option<Instant> {
        self.open.front().map(|pull| pull.until)
    }

    /// Forgets those that were lost. Says whether there were any.
    pub(super) fn forget_lost(&mut self) -> bool {
        let (now, open) = (Instant::now(), self.open.len());
        self.open.retain(|pull| pull.until > now);
        self.open.len() < open
    }
}

#[cfg(test)]
mod tests {
    use super::Pulls;

    #[test]
    fn as_much_is_asked_for_as_is_wanted_and_has_not_been_asked_for() {
        let mut pulls = Pulls::default();
        let (first, text) = pulls.request(2).expect("nothing is open");
        assert!(text.starts_with("{\"batch\":2,"), "{text}");
        assert_eq!(pulls.request(2), None);
        pulls.fulfil();
        assert_eq!(pulls.request(1), None);
        let (second, text) = pulls.request(3).expect("two more");
        assert!(text.starts_with("{\"batch\":2,"), "{text}");
        pulls.end(first);
        pulls.fulfil();
        pulls.fulfil();
        assert!(pulls.due().is_none());
        pulls.end(second);
        pulls.fulfil();
        assert!(pulls.request(1).is_some());
    }
}
