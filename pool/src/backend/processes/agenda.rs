//! What the supervisor is to do later.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use crate::call::Chunk;

/// Something to be done later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// A worker is to be started for this seat, if it is still wanted.
    Fill { seat: usize },
    /// An item whose worker died of it is to be run once more.
    Retry(Chunk),
}

/// What is to be done when.
#[derive(Debug, Default)]
pub(super) struct Agenda(BinaryHeap<Entry>);

#[derive(Debug)]
struct Entry {
    at: Instant,
    due: Due,
}

impl Agenda {
    pub(super) fn add(&mut self, delay: Duration, due: Due) {
        self.0.push(Entry { at: Instant::now() + delay, due });
    }

    /// When there is something to do next.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.peek().map(|entry| entry.at)
    }

    /// Something whose time has come.
    pub(super) fn due(&mut self) -> Option<Due> {
        let entry = self.0.peek()?;
        if entry.at > Instant::now() {
            return None;
        }
        self.0.pop().map(|entry| entry.due)
    }
}

/// The earliest is the greatest.
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.cmp(&self.at)
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Entry {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Agenda, Due};

    #[test]
    fn the_earliest_comes_first_and_nothing_before_its_time() {
        let mut agenda = Agenda::default();
        assert_eq!(agenda.next(), None);
        agenda.add(Duration::from_secs(3600), Due::Fill { seat: 1 });
        agenda.add(Duration::ZERO, Due::Fill { seat: 2 });
        assert_eq!(agenda.due(), Some(Due::Fill { seat: 2 }));
        assert_eq!(agenda.due(), None);
        assert!(agenda.next().is_some());
    }
}
