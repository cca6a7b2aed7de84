//! What is measured: the work, the answer that is right, and who takes part.

pub(crate) mod counter;
pub(crate) mod fetch;
pub(crate) mod isolation;
pub(crate) mod pages;
pub(crate) mod primes;
pub(crate) mod producer_consumer;
pub(crate) mod worker;

mod contender;
mod list;

pub(crate) use contender::{Contender, Family, How, Make, Measure, Size, Work, Workload};
pub(crate) use list::{ALL, names};
