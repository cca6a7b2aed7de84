//! The crate rayon.

use ::rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};
use ::rayon::{ThreadPool, ThreadPoolBuilder};

use crate::measure::{Outcome, Round, Rounds, Task};
use crate::workload::{fetch, primes, task_length};

fn pool(workers: usize) -> Outcome<ThreadPool> {
    Ok(ThreadPoolBuilder::new().num_threads(workers).build()?)
}

pub(crate) fn primes(task: &Task) -> Outcome<Rounds> {
    let pool = pool(task.point()? as usize)?;
    Ok(Box::new(move |amount| {
        let ranges = primes::ranges(amount);
        let count = || ranges.par_iter().map(|&(start, end)| primes::count(start, end)).sum();
        Round::timed(|| Ok(pool.install(count)))
    }))
}

pub(crate) fn fetch(task: &Task) -> Outcome<Rounds> {
    let (pool, task) = (pool(task.point()? as usize)?, task.clone());
    Ok(Box::new(move |amount| {
        let addresses = fetch::addresses(&task, amount)?;
        let fetch = || addresses.into_par_iter().map(fetch::page).collect::<Result<Vec<_>, _>>();
        Round::timed(|| Ok(pool.install(fetch)?.iter().sum()))
    }))
}

pub(crate) fn tasks(task: &Task) -> Outcome<Rounds> {
    let pool = pool(task.workers)?;
    task_length::rounds(task, move |tasks| {
        Ok(pool.install(|| tasks.into_par_iter().map(task_length::work).sum()))
    })
}
