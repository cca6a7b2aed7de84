//! Tasks from nothing to ten milliseconds, through pools.

use std::time::Duration;

use crate::machine::thread_time;
use crate::measure::{Outcome, Round, Rounds, Scale, Task};
use crate::ours::pools;
use crate::peer::{procspawn, rayon, sequential, threadpool};
use crate::workload::axis::{Axis, Unit};
use crate::workload::contender::{Contender, Family, How, Measure, Size, Work, Workload};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "task_length",
    title: "Pools by the length of a task",
    about: "Each task computes until its thread has had that much time of a processor. As many workers as there are \
            processors, made before. The figure is the time of all tasks by their number; behind it stands how \
            many times as fast that is as one after the other in the same language. Every task is handed over on \
            its own, unless chunks are named: then the pool puts as many together as it likes.",
    measure: Measure::SecondsEach,
    axis: Some(Axis { title: "length", unit: Unit::Nanoseconds, points: lengths }),
    work: Work {
        size: Size { full: 8, quick: 8, tiny: 8, adapts: true },
        expected: |amount| amount,
        is_fact: false,
        patience: None,
    },
    needs_pages: false,
    contenders: &[
        Contender::new(
            Family::Baseline,
            "sequential",
            "sequential, one thread",
            How::Rust(sequential::tasks),
        ),
        Contender::new(
            Family::Ours,
            "thread_pool",
            "pool::ThreadPool",
            How::Rust(pools::tasks_on_threads),
        )
        .against("sequential"),
        Contender::new(
            Family::Ours,
            "process_pool",
            "pool::ProcessPool",
            How::Rust(pools::tasks_on_processes),
        )
        .against("sequential"),
        Contender::new(
            Family::Ours,
            "process_pool_chunks",
            "pool::ProcessPool, chunks",
            How::Rust(pools::chunks_on_processes),
        )
        .against("sequential"),
        Contender::new(Family::Rust, "rayon", "rayon, par_iter, chunks", How::Rust(rayon::tasks))
            .against("sequential"),
        Contender::new(
            Family::Rust,
            "threadpool",
            "threadpool::ThreadPool",
            How::Rust(threadpool::tasks),
        )
        .against("sequential"),
        Contender::new(
            Family::Rust,
            "procspawn",
            "procspawn::Pool, 100 at a time",
            How::Rust(procspawn::tasks),
        )
        .against("sequential"),
        Contender::new(
            Family::Python,
            "python_sequential",
            "Python, sequential",
            How::Python("task_length.py"),
        ),
        Contender::new(
            Family::Python,
            "python_pool",
            "Python, multiprocessing.Pool",
            How::Python("task_length.py"),
        )
        .against("python_sequential"),
        Contender::new(
            Family::Python,
            "python_pool_chunks",
            "Python, multiprocessing.Pool, chunks",
            How::Python("task_length.py"),
        )
        .against("python_sequential"),
        Contender::new(
            Family::Python,
            "python_executor",
            "Python, ProcessPoolExecutor",
            How::Python("task_length.py"),
        )
        .against("python_sequential"),
        Contender::new(
            Family::Python,
            "python_thread_executor",
            "Python, ThreadPoolExecutor",
            How::Python("task_length.py"),
        )
        .against("python_sequential"),
        Contender::new(
            Family::Python,
            "python_loky",
            "Python, loky",
            How::Python("task_length.py"),
        )
        .against("python_sequential"),
    ],
};

/// In nanoseconds.
fn lengths(scale: Scale, _: usize) -> Vec<u64> {
    match scale {
        Scale::Full => vec![0, 1_000, 10_000, 100_000, 1_000_000, 10_000_000],
        Scale::Quick => vec![0, 10_000, 100_000, 1_000_000, 10_000_000],
        Scale::Tiny => vec![0, 100_000],
    }
}

/// Computes for so many nanoseconds of a processor's time, and gives one.
pub(crate) fn work(nanoseconds: u64) -> u64 {
    if nanoseconds > 0 {
        let end = thread_time() + Duration::from_nanos(nanoseconds);
        while thread_time() < end {}
    }
    1
}

/// Rounds of tasks of the length that the axis says; `map` does all of them and gives the sum.
pub(crate) fn rounds(
    task: &Task,
    mut map: impl FnMut(Vec<u64>) -> Outcome<u64> + 'static,
) -> Outcome<Rounds> {
    let length = task.point()?;
    Ok(Box::new(move |amount| {
        let tasks = vec![length; amount as usize];
        Round::timed(|| map(tasks))
    }))
}
