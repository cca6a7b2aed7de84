//! What an idle worker needs.

use crate::measure::{Outcome, Round, Rounds};
use crate::ours::idle;
use crate::peer::{procspawn, standard, sys::memory};
use crate::workload::contender::{Contender, Family, How, Measure, Size, Work, Workload};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "memory",
    title: "Memory of an idle worker",
    about: "Four are started and wait, beside those of the rounds before. The figure is how much more memory the \
            program has with all its processes, by the number of workers; what several share counts by its \
            share (Pss_Anon and Pss_Shmem of Linux; elsewhere it is what the system charges each process with). The text of programs is not counted: how many share it \
            depends on who else runs. Less is better.",
    measure: Measure::BytesEach,
    axis: None,
    work: Work {
        size: Size { full: 4, quick: 4, tiny: 4, adapts: false },
        expected: |amount| amount,
        is_fact: false,
        patience: None,
    },
    needs_pages: false,
    contenders: &[
        Contender::new(Family::Ours, "thread", "proc_spawn::Thread", How::Rust(idle::threads)),
        Contender::new(Family::Ours, "process", "proc_spawn::Process", How::Rust(idle::processes)),
        Contender::new(
            Family::Ours,
            "process_forkserver",
            "proc_spawn::Process, ForkServer",
            How::Rust(idle::forked),
        ),
        Contender::new(
            Family::Ours,
            "thread_pool",
            "pool::ThreadPool, a worker",
            How::Rust(idle::thread_pool),
        ),
        Contender::new(
            Family::Ours,
            "process_pool",
            "pool::ProcessPool, a worker",
            How::Rust(idle::process_pool),
        ),
        Contender::new(
            Family::Rust,
            "std_thread",
            "std::thread",
            How::Rust(standard::idle_threads),
        ),
        Contender::new(
            Family::Rust,
            "std_process",
            "std::process::Command, this program",
            How::Rust(standard::idle_processes),
        ),
        Contender::new(
            Family::Rust,
            "procspawn",
            "procspawn::Pool, a worker",
            How::Rust(procspawn::idle),
        ),
        Contender::new(
            Family::Python,
            "python_thread",
            "Python, threading.Thread",
            How::Python("memory.py"),
        ),
        Contender::new(
            Family::Python,
            "python_fork",
            "Python, multiprocessing.Process, fork",
            How::Python("memory.py"),
        ),
        Contender::new(
            Family::Python,
            "python_forkserver",
            "Python, multiprocessing.Process, forkserver",
            How::Python("memory.py"),
        ),
        Contender::new(
            Family::Python,
            "python_spawn",
            "Python, multiprocessing.Process, spawn",
            How::Python("memory.py"),
        ),
    ],
};

/// Rounds in which `start` starts so many that then wait. They end with the last round, when what it gave is
/// dropped: a thread of the next would else have what one of the last has left.
pub(crate) fn rounds<T: 'static>(
    mut start: impl FnMut(u64) -> Outcome<T> + 'static,
) -> Outcome<Rounds> {
    let mut waiting = Vec::new();
    Ok(Box::new(move |amount| {
        let before = memory::of_family()?;
        waiting.push(start(amount)?);
        let more = memory::of_family()?.saturating_sub(before);
        Ok(Round { cost: more as f64, answer: amount, seen: None, tail: None })
    }))
}
