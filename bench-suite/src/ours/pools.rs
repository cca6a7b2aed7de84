//! `ThreadPool` and `ProcessPool`.

use pool::{Pool, ProcessPool, ThreadPool};

use crate::measure::{Outcome, Round, Rounds, Task};
use crate::workload::task_length::{self, work};
use crate::workload::{fetch, primes};

pub(crate) fn primes_on_threads(task: &Task) -> Outcome<Rounds> {
    let pool = ThreadPool::new(task.point()? as usize)?;
    Ok(Box::new(move |amount| {
        let ranges = primes::ranges(amount);
        Round::timed(|| Ok(pool.starmap(primes::count, ranges)?.iter().sum()))
    }))
}

pub(crate) fn primes_on_processes(task: &Task) -> Outcome<Rounds> {
    let pool = ProcessPool::new(task.point()? as usize)?;
    Ok(Box::new(move |amount| {
        let ranges = primes::ranges(amount);
        Round::timed(|| Ok(pool.starmap(primes::count, ranges)?.iter().sum()))
    }))
}

pub(crate) fn fetch_on_threads(task: &Task) -> Outcome<Rounds> {
    let (pool, task) = (ThreadPool::new(task.point()? as usize)?, task.clone());
    Ok(Box::new(move |amount| {
        let addresses = fetch::addresses(&task, amount)?;
        Round::timed(|| {
            Ok(pool.map(fetch::page, addresses)?.into_iter().sum::<Result<u64, _>>()?)
        })
    }))
}

pub(crate) fn fetch_on_processes(task: &Task) -> Outcome<Rounds> {
    let (pool, task) = (ProcessPool::new(task.point()? as usize)?, task.clone());
    Ok(Box::new(move |amount| {
        let addresses = fetch::addresses(&task, amount)?;
        Round::timed(|| {
            Ok(pool.map(fetch::page, addresses)?.into_iter().sum::<Result<u64, _>>()?)
        })
    }))
}

pub(crate) fn tasks_on_threads(task: &Task) -> Outcome<Rounds> {
    let pool = Pool::builder().workers(task.workers).chunk_size(1).threads()?;
    task_length::rounds(task, move |tasks| Ok(pool.map(work, tasks)?.iter().sum()))
}

pub(crate) fn tasks_on_processes(task: &Task) -> Outcome<Rounds> {
    let pool = Pool::builder().workers(task.workers).chunk_size(1).processes()?;
    task_length::rounds(task, move |tasks| Ok(pool.map(work, tasks)?.iter().sum()))
}

/// In chunks of the pool's choice.
pub(crate) fn chunks_on_processes(task: &Task) -> Outcome<Rounds> {
    let pool = ProcessPool::new(task.workers)?;
    task_length::rounds(task, move |tasks| Ok(pool.map(work, tasks)?.iter().sum()))
}
