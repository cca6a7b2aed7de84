//! What a kill -9 costs.

use std::thread;
use std::time::{Duration, Instant};

use proc_spawn::Process;

use crate::measure::{Outcome, Round, Rounds};
use crate::ours::recovery;
use crate::peer::{procspawn, servo, sys::socket};
use crate::workload::contender::{Contender, Family, How, Measure, Size, Work, Workload};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "recovery",
    title: "Recovery: what a kill -9 costs",
    about: "A process is killed while others count on it; timed is from there until they go on. A worker dies in \
            a task: until that is known and the pool, or a new one if that is broken, has done the next. The \
            holder of a lock or a permit dies: until who waits for it has it. The last sender dies: until who \
            waits for a message is told; the parent keeps the writer of Python's Queue, which has no call to close \
            it. One of two senders dies as it sends a MiB: until a message of the other is there. A peer \
            that takes longer than two seconds a death hangs.",
    measure: Measure::SecondsEach,
    axis: None,
    work: Work {
        size: Size { full: 5, quick: 3, tiny: 1, adapts: false },
        expected: |amount| amount,
        is_fact: false,
        patience: Some(Duration::from_secs(2)),
    },
    needs_pages: false,
    contenders: &[
        Contender::new(
            Family::Ours,
            "worker",
            "a worker of pool::ProcessPool",
            How::Rust(recovery::worker),
        ),
        Contender::new(
            Family::Ours,
            "holder",
            "the holder of a process::Lock",
            How::Rust(recovery::lock_holder),
        ),
        Contender::new(
            Family::Ours,
            "permit_holder",
            "the holder of a process::Semaphore's permit",
            How::Rust(recovery::permit_holder),
        ),
        Contender::new(
            Family::Ours,
            "last_sender",
            "the last sender of an ipc::Queue",
            How::Rust(recovery::last_sender),
        ),
        Contender::new(
            Family::Ours,
            "sender",
            "one of two senders of an ipc::Queue",
            How::Rust(recovery::sender),
        ),
        Contender::new(
            Family::Rust,
            "procspawn_worker",
            "a worker of procspawn::Pool",
            How::Rust(procspawn::recovery),
        ),
        Contender::new(
            Family::Rust,
            "ipc_channel_last_sender",
            "the last sender of ipc-channel",
            How::Rust(servo::last_sender),
        ),
        Contender::new(
            Family::Rust,
            "ipc_channel_sender",
            "one of two senders of ipc-channel",
            How::Rust(servo::sender),
        ),
        Contender::new(
            Family::Rust,
            "unix_socket",
            "the other end of a Unix socket",
            How::Rust(socket::last_sender),
        ),
        Contender::new(
            Family::Python,
            "python_pool_worker",
            "Python, a worker of multiprocessing.Pool",
            How::Python("recovery.py"),
        ),
        Contender::new(
            Family::Python,
            "python_executor_worker",
            "Python, a worker of ProcessPoolExecutor",
            How::Python("recovery.py"),
        ),
        Contender::new(
            Family::Python,
            "python_loky_worker",
            "Python, a worker of loky",
            How::Python("recovery.py"),
        ),
        Contender::new(
            Family::Python,
            "python_lock_holder",
            "Python, the holder of a multiprocessing.Lock",
            How::Python("recovery.py"),
        ),
        Contender::new(
            Family::Python,
            "python_pipe_end",
            "Python, the other end of a multiprocessing.Pipe",
            How::Python("recovery.py"),
        ),
        Contender::new(
            Family::Python,
            "python_queue_last_sender",
            "Python, the last sender of a multiprocessing.Queue",
            How::Python("recovery.py"),
        ),
        Contender::new(
            Family::Python,
            "python_queue_sender",
            "Python, one of two senders of a multiprocessing.Queue",
            How::Python("recovery.py"),
        ),
    ],
};

/// The size of the message that a sender dies with, in bytes.
pub(crate) const LARGE: usize = 1 << 20;

/// Waits to be killed.
pub(crate) fn wait_for_death() -> ! {
    loop {
        thread::park();
    }
}

/// How long it is from the kill of a process until `go_on` has gone on.
pub(crate) fn from_kill<T>(
    victim: Process<T>,
    go_on: impl FnOnce() -> Outcome<()>,
) -> Outcome<Duration> {
    let killed = Instant::now();
    victim.kill()?;
    go_on()?;
    let latency = killed.elapsed();
    victim.wait();
    Ok(latency)
}

/// Rounds of deaths, each of which gives how long it was until all went on.
pub(crate) fn rounds(mut die: impl FnMut() -> Outcome<Duration> + 'static) -> Outcome<Rounds> {
    Ok(Box::new(move |amount| {
        let mut all = Duration::ZERO;
        for _ in 0..amount {
            all += die()?;
        }
        Ok(Round { cost: all.as_secs_f64(), answer: amount, seen: None, tail: None })
    }))
}
