//! What threads share and processes do not.

use crate::ours::isolation;
use crate::workload::contender::{Contender, Family, How, Measure, Size, Work, Workload};

/// How many threads or processes append to the list.
pub(crate) const APPENDERS: u64 = 4;

pub(crate) const WORKLOAD: Workload = Workload {
    name: "isolation",
    title: "Isolation: what one sees of the other",
    about: "No figures, but what happened when it was done just now: four append to a list of the \
            parent's, and one uses memory that it has not.",
    measure: Measure::Fact,
    axis: None,
    work: Work {
        size: Size { full: APPENDERS, quick: APPENDERS, tiny: APPENDERS, adapts: false },
        expected: |_| 1,
        is_fact: true,
        patience: None,
    },
    needs_pages: false,
    contenders: &[
        Contender::new(
            Family::Ours,
            "threads_share",
            "proc_spawn::Thread, a list",
            How::Rust(isolation::threads_share),
        ),
        Contender::new(
            Family::Ours,
            "processes_share_not",
            "proc_spawn::Process, a list",
            How::Rust(isolation::processes_share_not),
        ),
        Contender::new(
            Family::Ours,
            THREAD_CRASHES,
            "proc_spawn::Thread, a crash",
            How::Rust(isolation::thread_crashes),
        ),
        Contender::new(
            Family::Ours,
            "process_crashes",
            "proc_spawn::Process, a crash",
            How::Rust(isolation::process_crashes),
        ),
        Contender::new(
            Family::Python,
            "python_threads_share",
            "Python, threading.Thread, a list",
            How::Python("isolation.py"),
        ),
        Contender::new(
            Family::Python,
            "python_processes_share_not",
            "Python, multiprocessing.Process, a list",
            How::Python("isolation.py"),
        ),
        Contender::new(
            Family::Python,
            "python_process_crashes",
            "Python, multiprocessing.Process, a crash",
            How::Python("isolation.py"),
        ),
    ],
};

/// The contender of whom nothing is left.
pub(crate) const THREAD_CRASHES: &str = "thread_crashes";
