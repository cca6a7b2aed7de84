//! What a pool has done so far.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

/// What a pool has done so far. See [`ThreadPool::stats`](crate::ThreadPool::stats).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// One entry for each worker of the pool.
    pub workers: Vec<WorkerStats>,
}

/// One worker, and those that were in its place before it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStats {
    /// The process it runs in; 0 while there is none.
    pub pid: u32,
    /// The tasks, and items of calls, that came to an end, well or not.
    pub tasks_done: u64,
    /// Whether it has something to do.
    pub busy: bool,
    /// How often it was replaced, or started over.
    pub restarts: u64,
}

/// What is counted of a worker. Numbers that are only looked at: nothing hangs on their order.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) pid: AtomicU32,
    pub(crate) tasks_done: AtomicU64,
    pub(crate) busy: AtomicBool,
    pub(crate) restarts: AtomicU64,
}

/// One for each worker.
pub(crate) fn tallies(workers: usize) -> Box<[Tally]> {
    std::iter::repeat_with(Tally::default).take(workers).collect()
}

pub(crate) fn stats(tallies: &[Tally]) -> PoolStats {
    let worker = |tally: &Tally| WorkerStats {
        pid: tally.pid.load(Relaxed),
        tasks_done: tally.tasks_done.load(Relaxed),
        busy: tally.busy.load(Relaxed),
        restarts: tally.restarts.load(Relaxed),
    };
    PoolStats { workers: tallies.iter().map(worker).collect() }
}
