//! Permits in the process scope: those of a dead process come back.

use core::fmt::Debug;

use crate::deadline::Deadline;
use crate::futex::{self, Lower, Reach, Waited};
use crate::primitive::Ordering;
use crate::raw::cells::{Cells, cell, count_of, process_of, too_many_holders};
use crate::raw::section::{RobustSection, Section};
use crate::raw::semaphore::{Holders, SemaphoreWords, WAITER, free, waiters};
use crate::raw::slice;

/// How many permits each process holds.
///
/// Every change is made in the section. The truth is in `total` and in the cells, and every
/// operation changes it by one store (`forget` by two, the first of which is right by itself if
/// the process dies before the second). What is free follows from it, and is reckoned anew when
/// an owner of the section has died.
#[derive(Debug)]
pub struct Processes {
    section: RobustSection,
    cells: Cells,
}

type Words = SemaphoreWords<Processes>;

enum Attempt {
    Taken(u32),
    Empty,
    NoCell,
}

impl Holders for Processes {
    const NEW: Self = Self { section: RobustSection::NEW, cells: Cells::NEW };

    #[inline]
    fn try_acquire(words: &Words) -> Option<u32> {
        attempt(words, 0).or_else(|| if reclaim(words) { attempt(words, 0) } else { None })
    }

    #[inline]
    fn acquire(words: &Words, deadline: Deadline) -> Option<u32> {
        attempt(words, 0).or_else(|| acquire_contended(words, deadline))
    }

    #[inline]
    fn give_back(words: &Words, process: u32) {
        if process != words.holders.cells.me() {
            // A forked child has a copy of its parent's permit.
            return;
        }
        let waiting = in_section(words, || {
            if take_from_cell(words, process) { Some(put(words, 1)) } else { None }
        });
        if waiting.is_some_and(|waiting| waiting > 0) {
            wake(words, 1);
        }
    }

    fn forget(words: &Words, process: u32) {
        if process != words.holders.cells.me() {
            return;
        }
        in_section(words, || {
            words.total.fetch_sub(1, Ordering::Relaxed);
            take_from_cell(words, process)
        });
    }

    fn release(words: &Words, count: u32) -> bool {
        let waiting = in_section(words, || words.add_to_total(count).then(|| put(words, count)));
        if waiting.is_some_and(|waiting| waiting > 0) {
            wake(words, count);
        }
        waiting.is_some()
    }
}

#[inline]
fn in_section<R>(words: &Words, body: impl FnOnce() -> R) -> R {
    words.holders.section.run(|| reckon(words), body)
}

/// Takes a permit if there is one, and `leaving` off the waiters.
#[inline]
fn attempt(words: &Words, leaving: u64) -> Option<u32> {
    let me = words.holders.cells.me();
    let attempt = in_section(words, || {
        let state = words.state.load(Ordering::Relaxed);
        if free(state) == 0 {
            return Attempt::Empty;
        }
        let Some(index) = words.holders.cells.find(me, |cell| count_of(cell) == 0) else {
            return Attempt::NoCell;
        };
        let mine = words.holders.cells.at(index);
        let seen = mine.load(Ordering::Relaxed);
        let count = if process_of(seen) == me { count_of(seen) } else { 0 };
        mine.store(cell(me, count + 1), Ordering::Relaxed);
        words.state.store(state - 1 - leaving, Ordering::Relaxed);
        Attempt::Taken(me)
    });
    match attempt {
        Attempt::Taken(process) => Some(process),
        Attempt::Empty => None,
        // Dead holders may be in the way.
        Attempt::NoCell if reclaim(words) => self::attempt(words, leaving),
        Attempt::NoCell => too_many_holders(),
    }
}

/// In the section: makes permits free, and says how many wait.
fn put(words: &Words, count: u32) -> u32 {
    let state = words.state.load(Ordering::Relaxed);
    words.state.store(state + u64::from(count), Ordering::Relaxed);
    waiters(state)
}

/// In the section: takes a permit of this process's off its cell, if it has any.
fn take_from_cell(words: &Words, process: u32) -> bool {
    let Some(index) = words.holders.cells.find(process, |_| false) else { return false };
    let mine = words.holders.cells.at(index);
    // The process keeps its cell for the next time, unless another one wants it.
    match count_of(mine.load(Ordering::Relaxed)) {
        0 => return false,
        count => mine.store(cell(process, count - 1), Ordering::Relaxed),
    }
    true
}

/// In the section, after a death in it.
#[cold]
fn reckon(words: &Words) {
    let held: u32 =
        words.holders.cells.iter().map(|cell| count_of(cell.load(Ordering::Relaxed))).sum();
    let free = words.total.load(Ordering::Relaxed).saturating_sub(held);
    let waiting = waiters(words.state.load(Ordering::Relaxed));
    words.state.store(u64::from(waiting) * WAITER + u64::from(free), Ordering::Relaxed);
}

#[cold]
fn wake(words: &Words, count: u32) {
    futex::wake(&Lower(&words.state), count, Reach::Processes);
}

#[cold]
fn acquire_contended(words: &Words, deadline: Deadline) -> Option<u32> {
    in_section(words, || {
        let state = words.state.load(Ordering::Relaxed);
        words.state.store(state + WAITER, Ordering::Relaxed);
    });
    loop {
        reclaim(words);
        if let Some(process) = attempt(words, WAITER) {
            return Some(process);
        }
        // Nothing wakes a waiter when a holder dies, nor when one dies that was woken.
        let waited = futex::wait(&Lower(&words.state), 0, slice(deadline), Reach::Processes);
        if waited == Waited::TimedOut && deadline.passed() {
            in_section(words, || {
                let state = words.state.load(Ordering::Relaxed);
                words.state.store(state - WAITER, Ordering::Relaxed);
            });
            return None;
        }
    }
}

/// Frees what dead processes hold; `true` if there was anything.
#[cold]
fn reclaim(words: &Words) -> bool {
    let mut found = 0;
    for (theirs, seen) in words.holders.cells.of_the_dead(|cell| count_of(cell) > 0) {
        let waiting = in_section(words, || {
            let now = theirs.load(Ordering::Relaxed);
            // Somebody else may have been faster, and the cell be another's.
            (process_of(now) == process_of(seen)).then(|| {
                theirs.store(0, Ordering::Relaxed);
                (count_of(now), put(words, count_of(now)))
            })
        });
        if let Some((count, waiting)) = waiting {
            found += 1;
            if waiting > 0 {
                wake(words, count);
            }
        }
    }
    found > 0
}
