//! What a pool has done so far.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

use proc_spawn::peak_memory;

/// What a pool has done so far. See [`ThreadPool::stats`](crate::ThreadPool::stats).
///
/// Printed, it is a table with one line for each worker.
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
    /// The most memory that its process has had at a time, in bytes, what it shares with others included;
    /// 0 while there is none. Threads are all in one process.
    pub peak_memory: u64,
}

impl fmt::Display for PoolStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker       pid  tasks done  busy  restarts  peak memory")?;
        for (number, worker) in self.workers.iter().enumerate() {
            let WorkerStats { pid, tasks_done, restarts, .. } = worker;
            let busy = if worker.busy { "yes" } else { "no" };
            let mebibytes = worker.peak_memory as f64 / f64::from(1 << 20);
            write!(f, "\n{number:>6} {pid:>9} {tasks_done:>11}  {busy:>4} {restarts:>9}")?;
            write!(f, " {mebibytes:>8.1} MiB")?;
        }
        Ok(())
    }
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
    let worker = |tally: &Tally| {
        let pid = tally.pid.load(Relaxed);
        WorkerStats {
            pid,
            tasks_done: tally.tasks_done.load(Relaxed),
            busy: tally.busy.load(Relaxed),
            restarts: tally.restarts.load(Relaxed),
            peak_memory: Some(pid).filter(|pid| *pid != 0).and_then(peak_memory).unwrap_or(0),
        }
    };
    PoolStats { workers: tallies.iter().map(worker).collect() }
}

#[cfg(test)]
mod tests {
    use super::{PoolStats, WorkerStats};

    #[test]
    fn they_print_as_a_table() {
        let worker = |pid, tasks_done, busy| WorkerStats {
            pid,
            tasks_done,
            busy,
            restarts: 2,
            peak_memory: 5 << 19,
        };
        let stats =
            PoolStats { workers: vec![worker(4_194_304, 7, true), worker(0, 123_456, false)] };
        let expected = "\
worker       pid  tasks done  busy  restarts  peak memory
     0   4194304           7   yes         2      2.5 MiB
     1         0      123456    no         2      2.5 MiB";
        assert_eq!(stats.to_string(), expected);
    }
}
