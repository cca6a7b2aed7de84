//! No concurrency at all.

use std::hint::black_box;

use crate::measure::{Outcome, Round, Rounds, Task};
use crate::workload::{fetch, primes, task_length};

pub(crate) fn primes(_: &Task) -> Outcome<Rounds> {
    Ok(Box::new(|amount| {
        let ranges = primes::ranges(black_box(amount));
        Round::timed(|| Ok(ranges.iter().map(|&(start, end)| primes::count(start, end)).sum()))
    }))
}

pub(crate) fn fetch(task: &Task) -> Outcome<Rounds> {
    let task = task.clone();
    Ok(Box::new(move |amount| {
        let addresses = fetch::addresses(&task, amount)?;
        Round::timed(|| Ok(addresses.into_iter().map(fetch::page).sum::<Result<u64, _>>()?))
    }))
}

pub(crate) fn tasks(task: &Task) -> Outcome<Rounds> {
    task_length::rounds(task, |tasks| Ok(tasks.into_iter().map(task_length::work).sum()))
}
