//! How a contender is measured: in a runner, by rounds that take turns.

mod contest;
mod last_words;
mod plan;
mod protocol;
mod runner;
mod scratch;
mod serve;
mod stats;
#[cfg(test)]
mod sys;
mod trouble;

pub(crate) use contest::{Course, Entrant, Series, contest};
pub(crate) use plan::{Plan, Scale};
pub(crate) use protocol::{Outcome, Round, Rounds, Task};
pub(crate) use scratch::{Scratch, take_care};
pub(crate) use serve::serve;
pub(crate) use stats::Summary;
pub(crate) use trouble::{Missing, Trouble};
