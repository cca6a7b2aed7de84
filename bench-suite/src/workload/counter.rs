//! A lock that four want at once.

use std::sync::{RwLock, mpsc};
use std::thread;
use std::time::Instant;

use proc_spawn::{Process, Thread};

use crate::measure::{Outcome, Round};
use crate::ours::counter;
use crate::peer::{parking_lot, standard, sys};
use crate::workload::contender::{Contender, Family, How, Measure, Size, Work, Workload};

/// How many add to the counter.
pub(crate) const ADDERS: u64 = 4;

pub(crate) const WORKLOAD: Workload = Workload {
    name: "counter",
    title: "A counter behind a lock: four add to it at once",
    about: "100,000 times each, or more often if that is done in no time, they lock, add one and unlock, and nothing else, which is as hard as it \
            gets for a lock. Timed is from when all four are let go to when the last is done. The sum \
            must be exact. Locks between processes survive the death of their holder, those between \
            threads need not.",
    measure: Measure::PerSecond,
    axis: None,
    work: Work {
        size: Size { full: 400_000, quick: 400_000, tiny: 400, adapts: true },
        expected: |amount| amount / ADDERS * ADDERS,
        is_fact: false,
        patience: None,
    },
    needs_pages: false,
    contenders: &[
        Contender::new(
            Family::Ours,
            "shared_lock",
            "4 processes, ipc::Shared<process::Lock<u64>>",
            How::Rust(counter::shared::<Process>),
        ),
        Contender::new(
            Family::Ours,
            "shared_lock_threads",
            "4 threads, ipc::Shared<process::Lock<u64>>",
            How::Rust(counter::shared::<Thread>),
        ),
        Contender::new(
            Family::Ours,
            "thread_lock",
            "4 threads, sync_prims::thread::Lock<u64>",
            How::Rust(counter::private),
        ),
        Contender::new(
            Family::Rust,
            "std_mutex",
            "4 threads, std::sync::Mutex<u64>",
            How::Rust(standard::counter),
        ),
        Contender::new(
            Family::Rust,
            "parking_lot",
            "4 threads, parking_lot::Mutex<u64>",
            How::Rust(parking_lot::counter),
        ),
        Contender::new(
            Family::Rust,
            "pthread",
            "4 threads, pthread_mutex, for processes, robust",
            How::Rust(sys::pthread::counter),
        ),
        Contender::new(
            Family::Python,
            "python_value",
            "Python, 4 processes, multiprocessing.Value with its lock",
            How::Python("counter.py"),
        ),
        Contender::new(
            Family::Python,
            "python_threading_lock",
            "Python, 4 threads, threading.Lock",
            How::Python("counter.py"),
        ),
    ],
};

/// Four threads of std call `add` until there were `amount` calls, and `total` tells the sum.
pub(crate) fn with_threads(
    amount: u64,
    add: impl Fn() + Sync,
    total: impl FnOnce() -> u64,
) -> Outcome<Round> {
    let gate = RwLock::new(());
    let (arrived, arrivals) = mpsc::channel();
    let start = thread::scope(|scope| {
        let closed = gate.write().map_err(|error| error.to_string())?;
        for _ in 0..ADDERS {
            let (arrived, gate, add) = (arrived.clone(), &gate, &add);
            scope.spawn(move || {
                // The receiver outlives this thread, and nobody panics while holding the gate.
                let _ = arrived.send(());
                drop(gate.read());
                (0..amount / ADDERS).for_each(|_| add());
            });
        }
        for _ in 0..ADDERS {
            arrivals.recv().map_err(|error| error.to_string())?;
        }
        let start = Instant::now();
        drop(closed);
        Ok::<_, String>(start)
    })?;
    let mut round = Round::since(start, 0);
    round.answer = total();
    Ok(round)
}
