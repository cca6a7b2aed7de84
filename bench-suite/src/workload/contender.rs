//! The shape of a workload and of those who do it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::measure::{Outcome, Rounds, Task};
use crate::way::{self, Ask, Carry};
use crate::workload::axis::Axis;

/// One table of the report.
#[derive(Debug)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What is done, what is timed, and how to read it.
    pub(crate) about: &'static str,
    pub(crate) measure: Measure,
    /// What is varied, if anything is.
    pub(crate) axis: Option<Axis>,
    pub(crate) work: Work,
    /// Whether there must be pages to fetch.
    pub(crate) needs_pages: bool,
    pub(crate) contenders: &'static [Contender],
}

/// How much there is to do, and how to tell that it was done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    pub(crate) size: Size,
    /// The right answer for an amount.
    pub(crate) expected: fn(u64) -> u64,
    /// Whether it is something to be seen once rather than measured.
    pub(crate) is_fact: bool,
    /// A peer that takes longer than this for each of a round's amount hangs; if it is not set, it has as long as all
    /// have for a round.
    pub(crate) patience: Option<Duration>,
}

/// The amount of work in a round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) full: u64,
    pub(crate) quick: u64,
    pub(crate) tiny: u64,
    /// Whether these are only where to start from: the figure is for one of many equal things, and
    /// there are as many in a round as make it last.
    pub(crate) adapts: bool,
}

/// What a figure of a workload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Measure {
    /// How long all of it takes.
    Seconds,
    /// How long one of it takes.
    SecondsEach,
    /// How many there are in a second.
    PerSecond,
    /// How many bytes in a second, where one is as large as its place on the axis says.
    BytesPerSecond,
    /// How many bytes one of it has.
    BytesEach,
    /// No figure, but something seen.
    Fact,
}

/// One row of the report.
#[derive(Debug)]
pub(crate) struct Contender {
    pub(crate) id: &'static str,
    pub(crate) label: &'static str,
    pub(crate) family: Family,
    /// The contender that it is so many times as fast as.
    pub(crate) against: Option<&'static str>,
    /// The only places on the axis where it has anything to show; all, if none are named.
    pub(crate) only: &'static [u64],
    pub(crate) how: How,
}

/// Where a contender comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Family {
    /// Plain code without any concurrency, to compare with.
    Baseline,
    /// This workspace.
    Ours,
    /// The standard library and other crates.
    Rust,
    /// Python.
    Python,
}

/// How a contender is prepared.
pub(crate) type Make = fn(&Task) -> Outcome<Rounds>;

/// What does the work.
#[derive(Clone, Copy, Debug)]
pub(crate) enum How {
    Rust(Make),
    /// Gives a number back: the time of each round trip is taken.
    Ask(fn() -> Outcome<Ask>),
    /// Takes messages of the size that the axis says to another.
    Carry(fn(usize) -> Outcome<Carry>),
    /// The name of a script, which knows the contender by its id.
    Python(&'static str),
}

impl How {
    /// Prepares it in this process; a script is none of that.
    pub(crate) fn prepare(&self, task: &Task) -> Outcome<Rounds> {
        match self {
            How::Rust(make) => make(task),
            How::Ask(make) => Ok(way::asked(make()?)),
            How::Carry(make) => Ok(way::carried(make(task.point()? as usize)?)),
            How::Python(script) => Err(format!("{script} runs in Python").into()),
        }
    }
}

impl Contender {
    pub(crate) const fn new(
        family: Family,
        id: &'static str,
        label: &'static str,
        how: How,
    ) -> Contender {
        Contender { id, label, family, against: None, only: &[], how }
    }

    /// The same, with its speed compared to another's.
    pub(crate) const fn against(self, id: &'static str) -> Contender {
        Contender { against: Some(id), ..self }
    }

    /// The same, at some places of the axis alone.
    pub(crate) const fn only(self, points: &'static [u64]) -> Contender {
        Contender { only: points, ..self }
    }

    /// Whether it takes part there.
    pub(crate) fn is_at(&self, point: Option<u64>) -> bool {
        self.only.is_empty() || point.is_some_and(|point| self.only.contains(&point))
    }
}

impl Measure {
    /// The figure of a round that cost so much for that amount, at a place on the axis.
    pub(crate) fn figure(self, cost: f64, amount: u64, point: Option<u64>) -> f64 {
        match self {
            Measure::Seconds | Measure::Fact => cost,
            Measure::SecondsEach | Measure::BytesEach => cost / amount as f64,
            Measure::PerSecond => amount as f64 / cost,
            Measure::BytesPerSecond => amount as f64 * point.unwrap_or(1) as f64 / cost,
        }
    }

    /// How many times as fast `this` is as `other`.
    pub(crate) fn speed_up(self, this: f64, other: f64) -> f64 {
        match self {
            Measure::PerSecond | Measure::BytesPerSecond => this / other,
            Measure::Seconds | Measure::SecondsEach | Measure::BytesEach | Measure::Fact => {
                other / this
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Measure;

    #[test]
    fn a_figure_is_a_time_or_a_rate() {
        assert_eq!(Measure::Seconds.figure(2.0, 8, None), 2.0);
        assert_eq!(Measure::SecondsEach.figure(2.0, 8, None), 0.25);
        assert_eq!(Measure::PerSecond.figure(2.0, 8, None), 4.0);
        assert_eq!(Measure::BytesPerSecond.figure(2.0, 8, Some(64)), 256.0);
    }

    #[test]
    fn twice_as_fast_is_half_the_time_or_twice_the_rate() {
        assert_eq!(Measure::Seconds.speed_up(1.0, 2.0), 2.0);
        assert_eq!(Measure::SecondsEach.speed_up(4.0, 2.0), 0.5);
        assert_eq!(Measure::PerSecond.speed_up(4.0, 2.0), 2.0);
    }
}
