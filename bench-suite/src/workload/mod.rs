//! What is measured: the work, the answer that is right, and who takes part.

pub(crate) mod counter;
pub(crate) mod fetch;
pub(crate) mod isolation;
pub(crate) mod large_array;
pub(crate) mod memory;
pub(crate) mod pages;
pub(crate) mod participants;
pub(crate) mod primes;
pub(crate) mod primitives;
pub(crate) mod producer_consumer;
pub(crate) mod recovery;
pub(crate) mod round_trip;
pub(crate) mod task_length;
pub(crate) mod throughput;
pub(crate) mod worker;

mod axis;
mod contender;
mod list;

pub(crate) use axis::{Axis, WORKERS};
pub(crate) use contender::{Contender, Family, How, Measure, Size, Work, Workload};
pub(crate) use list::{ALL, names};
