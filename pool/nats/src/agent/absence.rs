//! Submitters that were not there to hear an answer. A server that restarts cuts all off, and they come back at
//! different times; who was killed does not.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::answers::Said;
use super::held::Delivery;

/// For so many leases an agent keeps what it has for somebody.
const PATIENCE: u32 = 2;
/// For so long it remembers that somebody did not come back.
const MEMORY: Duration = Duration::from_secs(3600);

/// Who is not there.
#[derive(Debug)]
pub(super) struct Absences {
    /// For so long an agent keeps what it has for somebody.
    patience: Duration,
    away: HashMap<String, Away>,
}

/// What is kept for one of them.
#[derive(Debug)]
pub(super) struct Away {
    since: Instant,
    pub(super) answers: Vec<Said>,
    /// Tasks of theirs that were not begun.
    pub(super) waiting: Vec<Delivery>,
}

/// What to do with a task of somebody.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Presence {
    There,
    Away,
    Gone,
}

impl Absences {
    pub(super) fn new(lease: Duration) -> Absences {
        Absences { patience: lease * PATIENCE, away: HashMap::new() }
    }

    /// Nobody has heard an answer.
    pub(super) fn unheard(&mut self, said: Said) {
        self.away(said.submitter.clone()).answers.push(said);
    }

    /// Keeps a task of somebody who is away.
    pub(super) fn keep(&mut self, delivery: Delivery) {
        self.away(delivery.submitter.clone()).waiting.push(delivery);
    }

    fn away(&mut self, submitter: String) -> &mut Away {
        self.away.entry(submitter).or_insert_with(|| Away {
            since: Instant::now(),
            answers: Vec::new(),
            waiting: Vec::new(),
        })
    }

    pub(super) fn presence(&self, submitter: &str) -> Presence {
        match self.away.get(submitter) {
            None => Presence::There,
            Some(away) if away.since.elapsed() < self.patience => Presence::Away,
            Some(_) => Presence::Gone,
        }
    }

    /// Somebody is there again: what was kept.
    pub(super) fn back(&mut self, submitter: &str) -> Option<Away> {
        self.away.remove(submitter)
    }

    /// Who knows who is there? All that was kept.
    pub(super) fn forget_all(&mut self) -> Vec<Away> {
        self.away.drain().map(|(_, away)| away).collect()
    }

    /// Where the tasks are acknowledged that nobody will fetch any more.
    pub(super) fn give_up(&mut self) -> Vec<String> {
        self.away.retain(|_, away| away.since.elapsed() < MEMORY);
        let patience = self.patience;
        let gone = self.away.values_mut().filter(|away| away.since.elapsed() >= patience);
        gone.flat_map(|away| {
            let answers = away.answers.drain(..).flat_map(|said| said.acks);
            answers.chain(away.waiting.drain(..).map(|delivery| delivery.ack)).collect::<Vec<_>>()
        })
        .collect()
    }

    /// Where the leases are renewed of what is kept.
    pub(super) fn leases(&self) -> impl Iterator<Item = &String> {
        self.away.values().flat_map(|away| {
            let answers = away.answers.iter().flat_map(|said| &said.acks);
            answers.chain(away.waiting.iter().map(|delivery| &delivery.ack))
        })
    }

    /// Whether anything is kept.
    pub(super) fn keep_nothing(&self) -> bool {
        self.leases().next().is_none()
    }
}
