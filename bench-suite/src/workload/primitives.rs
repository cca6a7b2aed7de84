//! What it costs to lock, wait and meet.

use std::sync::Arc;
use std::thread;

use crate::measure::{Round, Rounds, Scale};
use crate::ours::primitives;
use crate::peer::{parking_lot, standard, sys};
use crate::way;
use crate::workload::axis::{Axis, Unit};
use crate::workload::contender::{Contender, Family, How, Measure, Size, Work, Workload};

/// The names of the columns.
const OPERATIONS: [&str; 7] = [
    "lock",
    "read lock",
    "write lock",
    "semaphore",
    "event, both ways",
    "condition, both ways",
    "barrier of two",
];
pub(crate) const LOCK: u64 = 0;
pub(crate) const READ: u64 = 1;
pub(crate) const WRITE: u64 = 2;
pub(crate) const SEMAPHORE: u64 = 3;
pub(crate) const EVENT: u64 = 4;
pub(crate) const CONDITION: u64 = 5;
pub(crate) const BARRIER: u64 = 6;

pub(crate) const WORKLOAD: Workload = Workload {
    name: "primitives",
    title: "Primitives: to lock, to wait and to meet",
    about: "The first four are taken and given back by one who has no rival; the contended lock is a table of its \
            own. At the others two take turns, each in a thread or a process of its own: it sets an event, or \
            notifies under a lock, and waits for the other to do the same; or both meet at a barrier, again \
            and again.",
    measure: Measure::SecondsEach,
    axis: Some(Axis { title: "operation", unit: Unit::Names(&OPERATIONS), points }),
    work: Work {
        size: Size { full: 100, quick: 100, tiny: 20, adapts: true },
        expected: |amount| amount,
        is_fact: false,
        patience: None,
    },
    needs_pages: false,
    contenders: &[
        Contender::new(
            Family::Ours,
            "threads",
            "sync_prims::thread",
            How::Rust(primitives::of_threads),
        ),
        Contender::new(
            Family::Ours,
            "processes",
            "sync_prims::process, in ipc::Shared",
            How::Rust(primitives::of_processes),
        ),
        Contender::new(Family::Rust, "std", "std::sync, threads", How::Rust(standard::primitives))
            .only(&[LOCK, READ, WRITE, CONDITION, BARRIER]),
        Contender::new(
            Family::Rust,
            "parking_lot",
            "parking_lot, threads",
            How::Rust(parking_lot::primitives),
        )
        .only(&[LOCK, READ, WRITE, CONDITION]),
        Contender::new(
            Family::Rust,
            "pthread",
            "pthread_mutex, for processes, robust",
            How::Rust(sys::pthread::lock),
        )
        .only(&[LOCK]),
        Contender::new(Family::Rust, "futex", "bare futex, threads", How::Rust(sys::futex::make))
            .only(&[EVENT]),
        Contender::new(
            Family::Python,
            "python_threading",
            "Python, threading",
            How::Python("primitives.py"),
        )
        .only(&[LOCK, SEMAPHORE, EVENT, CONDITION, BARRIER]),
        Contender::new(
            Family::Python,
            "python_multiprocessing",
            "Python, multiprocessing",
            How::Python("primitives.py"),
        )
        .only(&[LOCK, SEMAPHORE, EVENT, CONDITION, BARRIER]),
    ],
};

fn points(_: Scale, _: usize) -> Vec<u64> {
    (0..OPERATIONS.len() as u64).collect()
}

/// Rounds of an operation that nobody disturbs.
pub(crate) fn alone(mut operation: impl FnMut() + 'static) -> Rounds {
    Box::new(move |amount| {
        Round::timed(|| {
            (0..amount).for_each(|_| operation());
            Ok(amount)
        })
    })
}

/// Rounds of an operation that takes another one, each with its time.
pub(crate) fn together(mut operation: impl FnMut() + 'static) -> Rounds {
    way::asked(Box::new(move |number| {
        operation();
        Ok(number)
    }))
}

/// The same, where the other is a thread that does `theirs` for ever.
pub(crate) fn with_thread<T: Send + Sync + 'static>(
    shared: T,
    ours: fn(&T),
    theirs: fn(&T),
) -> Rounds {
    let shared = Arc::new(shared);
    let there = Arc::clone(&shared);
    thread::spawn(move || {
        loop {
            theirs(&there);
        }
    });
    together(move || ours(&shared))
}
