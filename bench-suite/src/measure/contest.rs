//! The contenders of one workload, round by round in turns.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::measure::plan::{Plan, Scale};
use crate::measure::protocol::Round;
use crate::measure::runner::Runner;
use crate::measure::trouble::Trouble;
use crate::workload::Work;

/// A contender, and how its runner is started.
#[derive(Debug)]
pub(crate) struct Entrant {
    pub(crate) command: Command,
    /// A crash of its whole program is what is to be seen.
    pub(crate) crashes: bool,
    /// That it takes longer than this for each of a round's amount means that it hangs; if it is not set, a silence as
    /// long as the plan's limit does.
    pub(crate) patience: Option<Duration>,
}

/// What came of an entrant.
#[derive(Debug)]
pub(crate) struct Course {
    /// Its version, if it tells.
    pub(crate) version: Option<String>,
    pub(crate) result: Result<Series, Trouble>,
}

/// The rounds that an entrant has made.
#[derive(Debug, PartialEq)]
pub(crate) struct Series {
    pub(crate) amount: u64,
    pub(crate) costs: Vec<f64>,
    /// The tails of the rounds that have one.
    pub(crate) tails: Vec<f64>,
    /// What it saw in the last round.
    pub(crate) seen: Option<String>,
}

/// An entrant on its way.
struct Lane {
    crashes: bool,
    patience: Option<Duration>,
    version: Option<String>,
    /// Gone when it is in trouble.
    state: Result<Runner, Trouble>,
    amount: u64,
    costs: Vec<f64>,
    tails: Vec<f64>,
    seen: Option<String>,
    spent: Duration,
}

/// Measures the entrants in turns: all are started, all warm up, and then each makes a round before
/// any makes the next, another one first every time. So a disturbance of the machine meets all of
/// them, and none profits from its place.
pub(crate) fn contest(
    work: &Work,
    entrants: Vec<Entrant>,
    plan: &Plan,
    progress: &mut dyn FnMut(&str),
) -> Vec<Course> {
    progress("warming up");
    let mut lanes: Vec<Lane> =
        entrants.into_iter().map(|entrant| Lane::start(entrant, work, plan)).collect();
    if !work.is_fact {
        lanes.iter_mut().for_each(|lane| lane.warm_up(work, plan));
    }
    let rounds = if work.is_fact { 1 } else { plan.rounds };
    for round in 0..rounds {
        progress(&format!("round {} of {rounds}", round + 1));
        let first = round % lanes.len().max(1);
        let (before, from_first) = lanes.split_at_mut(first);
        let willing = from_first.iter_mut().chain(before).filter(|lane| lane.goes_on(plan));
        willing.for_each(|lane| lane.measure(work, plan));
    }
    lanes.into_iter().map(|lane| lane.finish(plan)).collect()
}

impl Lane {
    fn start(entrant: Entrant, work: &Work, plan: &Plan) -> Lane {
        let Entrant { command, crashes, patience } = entrant;
        let (state, version) = match Runner::start(command, plan.limit) {
            Ok((runner, version)) => (Ok(runner), version),
            Err(trouble) => (Err(trouble), None),
        };
        let amount = plan.amount(&work.size);
        Lane {
            crashes,
            patience,
            version,
            state,
            amount,
            costs: Vec::new(),
            tails: Vec::new(),
            seen: None,
            spent: Duration::ZERO,
        }
    }

    /// Does some work that does not count, and finds the amount that takes as long as a round should
    /// where that is free.
    fn warm_up(&mut self, work: &Work, plan: &Plan) {
        if !work.size.adapts {
            // A part of it will do.
            let part = if plan.scale == Scale::Tiny { self.amount } else { self.amount / 10 };
            self.round(work, part.max(1), plan);
            return;
        }
        // The first is cold, and the second still short: the third decides little.
        for _ in 0..3 {
            let Some(round) = self.round(work, self.amount, plan) else { return };
            let factor = plan.aim.as_secs_f64() / round.cost.max(f64::MIN_POSITIVE);
            if factor <= 1.0 {
                return;
            }
            self.amount = (self.amount as f64 * factor.min(1000.0)) as u64;
        }
    }

    fn goes_on(&self, plan: &Plan) -> bool {
        self.state.is_ok() && (self.costs.len() < plan.least_rounds || self.spent < plan.budget)
    }

    fn measure(&mut self, work: &Work, plan: &Plan) {
        let start = Instant::now();
        if let Some(round) = self.round(work, self.amount, plan) {
            self.costs.push(round.cost);
            self.tails.extend(round.tail);
            self.seen = round.seen;
        }
        self.spent += start.elapsed();
    }

    /// Does a round and checks its answer. There is no round of who is in trouble.
    fn round(&mut self, work: &Work, amount: u64, plan: &Plan) -> Option<Round> {
        let gone = Err(Trouble::Failed("it is gone".to_owned()));
        let runner = match std::mem::replace(&mut self.state, gone) {
            Ok(runner) => runner,
            trouble @ Err(_) => {
                self.state = trouble;
                return None;
            }
        };
        let times = u32::try_from(amount).unwrap_or(u32::MAX);
        let limit = self.patience.map_or(plan.limit, |patience| patience.saturating_mul(times));
        match runner.round(amount, limit) {
            Ok((runner, round)) => {
                let expected = (work.expected)(amount);
                if round.answer == expected {
                    self.state = Ok(runner);
                    return Some(round);
                }
                // How it ends is of no interest beside that.
                let _ = runner.dismiss(plan.farewell);
                self.state = Err(Trouble::Wrong { got: round.answer, expected });
            }
            Err(trouble) => self.state = Err(trouble),
        }
        None
    }

    fn finish(self, plan: &Plan) -> Course {
        let Lane { crashes, version, state, amount, costs, tails, seen, .. } = self;
        let series = Series { amount, costs, tails, seen };
        let result = match state.and_then(|runner| runner.dismiss(plan.farewell)) {
            Ok(()) if crashes => Err(Trouble::Failed("the program survived".to_owned())),
            Ok(()) => Ok(series),
            Err(Trouble::Died { ending, crashed: true }) if crashes => {
                let seen = Some(format!("the whole program died: {ending}"));
                Ok(Series { seen, ..series })
            }
            Err(trouble) => Err(trouble),
        };
        Course { version, result }
    }
}
