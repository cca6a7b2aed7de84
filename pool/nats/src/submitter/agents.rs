//! Which agents there are, as far as they were heard of.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// An agent that has not been heard of for so many roll calls is not counted any more.
const PATIENCE: u32 = 4;

/// The agents that were heard of.
#[derive(Debug, Default)]
pub(super) struct Agents {
    known: HashMap<String, Known>,
    /// Since when there is none.
    none_since: Option<Instant>,
    /// Since when there has been one at any time.
    some_since: Option<Instant>,
}

#[derive(Debug)]
struct Known {
    workers: usize,
    lease: Duration,
    /// Roll calls since it was heard of.
    missed: u32,
}

impl Agents {
    /// One says that it is there, or that it leaves.
    pub(super) fn hear(&mut self, agent: String, workers: usize, lease: Duration) {
        if workers == 0 {
            self.known.remove(&agent);
        } else {
            if self.known.is_empty() {
                self.some_since = Some(Instant::now());
            }
            self.known.insert(agent, Known { workers, lease, missed: 0 });
            self.none_since = None;
        }
    }

    /// One has done something.
    pub(super) fn saw(&mut self, agent: &str) {
        if let Some(known) = self.known.get_mut(agent) {
            known.missed = 0;
        }
    }

    /// All are asked to say that they are there.
    pub(super) fn call_roll(&mut self) {
        self.known.values_mut().for_each(|known| known.missed += 1);
        self.known.retain(|_, known| known.missed <= PATIENCE);
        if self.known.is_empty() {
            self.none_since.get_or_insert_with(Instant::now);
        }
    }

    pub(super) fn count(&self) -> usize {
        self.known.len()
    }

    pub(super) fn workers(&self) -> usize {
        self.known.values().map(|known| known.workers).sum()
    }

    /// The longest of their leases.
    pub(super) fn lease(&self) -> Duration {
        self.known.values().map(|known| known.lease).max().unwrap_or_default()
    }

    /// Since when there has been one at any time, if there is.
    pub(super) fn some_since(&self) -> Option<Instant> {
        self.some_since.filter(|_| !self.known.is_empty())
    }

    /// Whether there has been none for so long.
    pub(super) fn are_missing(&self, wait: Duration) -> bool {
        self.none_since.is_some_and(|since| since.elapsed() >= wait)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Agents, PATIENCE};

    #[test]
    fn an_agent_counts_until_it_leaves_or_is_not_heard_of_any_more() {
        let mut agents = Agents::default();
        let second = Duration::from_secs(1);
        agents.hear("a".to_owned(), 2, second);
        agents.hear("b".to_owned(), 3, 2 * second);
        assert_eq!((agents.count(), agents.workers(), agents.lease()), (2, 5, 2 * second));
        agents.hear("a".to_owned(), 0, second);
        for _ in 0..PATIENCE {
            agents.call_roll();
        }
        agents.saw("b");
        for _ in 0..PATIENCE {
            agents.call_roll();
        }
        assert_eq!(agents.workers(), 3);
        assert!(!agents.are_missing(Duration::ZERO));
        agents.call_roll();
        assert!(agents.count() == 0 && agents.are_missing(Duration::ZERO));
        assert_eq!(agents.some_since(), None);
        agents.hear("b".to_owned(), 1, second);
        assert!(!agents.are_missing(Duration::ZERO) && agents.some_since().is_some());
    }
}
