//! What the suite and a runner say to each other: a line of JSON a time.
//!
//! The runner says [`Reply::Ready`] once. Then the suite asks for rounds on the runner's standard
//! input, and the runner answers each on its standard output. An empty line dismisses it. If its input
//! ends without one, the suite is gone and nobody cleans up after it: it removes the files of the run and
//! ends with all processes of its group, in the middle of a round, too.

use std::error::Error;
use std::time::Instant;

use serde::{Deserialize, Serialize};

/// The result of what a contender does.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// What does one round of the given amount.
pub(crate) type Rounds = Box<dyn FnMut(u64) -> Outcome<Round>>;

/// What a runner is told when it is started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Task {
    /// How many threads or processes share the work where the workload leaves it open.
    pub(crate) workers: usize,
    /// Where the pages to fetch are, if the workload is about pages.
    pub(crate) pages: Option<String>,
    /// The place on the workload's axis, if it has one.
    pub(crate) point: Option<u64>,
}

impl Task {
    /// The place on the axis of a workload that has one.
    pub(crate) fn point(&self) -> Outcome<u64> {
        self.point.ok_or_else(|| "this workload has an axis, and no place on it was told".into())
    }
}

/// Asks for a round.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) amount: u64,
}

/// What a runner says.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    /// It waits for requests. It tells its version if that is not known at compile time.
    Ready { version: Option<String> },
    /// The peer is not installed.
    Missing { reason: String },
    /// A round was done.
    Done(Round),
    /// A round was not done.
    Failed { reason: String },
}

/// What came of a round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Round {
    /// In seconds, or in bytes where memory is measured.
    pub(crate) cost: f64,
    /// What tells whether the work was done right.
    pub(crate) answer: u64,
    /// What there is to say of it in words.
    #[serde(default)]
    pub(crate) seen: Option<String>,
    /// As `cost`, had each taken as long as 99 of 100 did not exceed; `cost` is then by the median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tail: Option<f64>,
}

impl Round {
    /// A round that began at that instant and ends now.
    pub(crate) fn since(start: Instant, answer: u64) -> Round {
        Round { cost: start.elapsed().as_secs_f64(), answer, seen: None, tail: None }
    }

    /// Does the work and takes its time.
    pub(crate) fn timed(work: impl FnOnce() -> Outcome<u64>) -> Outcome<Round> {
        let start = Instant::now();
        let answer = work()?;
        Ok(Round::since(start, answer))
    }

    /// A round of things that took so many seconds each.
    pub(crate) fn of_each(mut seconds: Vec<f64>, answer: u64) -> Round {
        seconds.sort_by(f64::total_cmp);
        let count = seconds.len();
        let all = |each: usize| seconds.get(each).map_or(0.0, |each| each * count as f64);
        let tail = Some(all((count * 99).div_ceil(100).saturating_sub(1)));
        Round { cost: all(count / 2), answer, seen: None, tail }
    }

    /// A round in which something was seen that is a fact and no figure.
    pub(crate) fn fact(answer: u64, seen: impl Into<String>) -> Round {
        Round { cost: 0.0, answer, seen: Some(seen.into()), tail: None }
    }
}

#[cfg(test)]
mod tests {
    use super::Round;

    #[test]
    fn a_round_of_single_times_has_their_median_and_what_99_of_100_do_not_exceed() {
        let round = Round::of_each((1..=100).rev().map(f64::from).collect(), 7);
        assert_eq!((round.cost, round.tail, round.answer), (5100.0, Some(9900.0), 7));
        assert_eq!(Round::of_each(vec![2.0], 1).tail, Some(2.0));
    }
}
