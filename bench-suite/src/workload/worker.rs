//! What it costs to start one.

use proc_spawn::{Process, Thread};

use crate::ours::starts;
use crate::peer::standard;
use crate::workload::contender::{Contender, Family, How, Measure, Size, Work, Workload};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "worker",
    title: "Start-up: from start to joined result",
    about: "One after the other is started, does nothing and is joined. Those of this workspace give a \
            value back, and std::thread does; std::process and Python give an exit code. A child of \
            this suite is this program started anew, or with ForkServer a fork of one that was.",
    measure: Measure::SecondsEach,
    axis: None,
    work: Work {
        size: Size { full: 4, quick: 4, tiny: 2, adapts: true },
        expected: |amount| amount,
        is_fact: false,
        patience: None,
    },
    needs_pages: false,
    contenders: &[
        Contender::new(
            Family::Ours,
            "thread",
            "proc_spawn::Thread",
            How::Rust(starts::one_by_one::<Thread>),
        ),
        Contender::new(
            Family::Ours,
            "process",
            "proc_spawn::Process",
            How::Rust(starts::one_by_one::<Process>),
        ),
        Contender::new(
            Family::Ours,
            "process_forkserver",
            "proc_spawn::Process, ForkServer",
            How::Rust(starts::forked),
        ),
        Contender::new(
            Family::Rust,
            "std_thread",
            "std::thread",
            How::Rust(standard::thread_starts),
        ),
        Contender::new(
            Family::Rust,
            "std_process",
            "std::process::Command, this program",
            How::Rust(standard::process_starts),
        ),
        Contender::new(
            Family::Python,
            "python_thread",
            "Python, threading.Thread",
            How::Python("worker.py"),
        ),
        Contender::new(
            Family::Python,
            "python_fork",
            "Python, multiprocessing.Process, fork",
            How::Python("worker.py"),
        ),
        Contender::new(
            Family::Python,
            "python_forkserver",
            "Python, multiprocessing.Process, forkserver",
            How::Python("worker.py"),
        ),
        Contender::new(
            Family::Python,
            "python_spawn",
            "Python, multiprocessing.Process, spawn",
            How::Python("worker.py"),
        ),
    ],
};
