//! How many rounds there are, and how long anything may take.

use std::time::Duration;

use crate::cli::Arguments;
use crate::workload::Size;

/// How a run is paced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Which of a workload's amounts is used.
    pub(crate) scale: Scale,
    /// Rounds of each contender that stays in its budget.
    pub(crate) rounds: usize,
    /// Rounds of each contender, however long they take.
    pub(crate) least_rounds: usize,
    /// After this long a contender with the least rounds makes no more.
    pub(crate) budget: Duration,
    /// How long a round should last where a workload can have any amount.
    pub(crate) aim: Duration,
    /// A runner that says nothing for this long hangs, and is killed.
    pub(crate) limit: Duration,
    /// A runner that is told to end may take this long for it.
    pub(crate) farewell: Duration,
}

/// How much work a round is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    Full,
    Quick,
    Tiny,
}

const FULL: Plan = Plan {
    scale: Scale::Full,
    rounds: 15,
    least_rounds: 5,
    budget: Duration::from_secs(30),
    aim: Duration::from_millis(500),
    limit: Duration::from_secs(120),
    farewell: Duration::from_secs(20),
};

const QUICK: Plan = Plan {
    scale: Scale::Quick,
    rounds: 5,
    least_rounds: 3,
    budget: Duration::from_secs(1),
    aim: Duration::from_millis(100),
    limit: Duration::from_secs(20),
    farewell: Duration::from_secs(10),
};

const TINY: Plan = Plan {
    scale: Scale::Tiny,
    rounds: 2,
    least_rounds: 2,
    budget: Duration::ZERO,
    aim: Duration::ZERO,
    limit: Duration::from_secs(30),
    farewell: Duration::from_secs(30),
};

impl Plan {
    pub(crate) fn new(arguments: &Arguments) -> Plan {
        match (arguments.tiny, arguments.quick) {
            (true, _) => TINY,
            (false, true) => QUICK,
            (false, false) => FULL,
        }
    }

    /// The same for a table with so many columns: each of them has less time.
    pub(crate) fn for_points(&self, count: usize) -> Plan {
        if count == 0 {
            return *self;
        }
        Plan {
            rounds: self.rounds.min(9),
            least_rounds: self.least_rounds.min(3),
            budget: self.budget / 5,
            aim: self.aim / 5,
            ..*self
        }
    }

    /// The amount of a round, or the one to start from where it adapts.
    pub(crate) fn amount(&self, size: &Size) -> u64 {
        match self.scale {
            Scale::Full => size.full,
            Scale::Quick => size.quick,
            Scale::Tiny => size.tiny,
        }
    }
}
