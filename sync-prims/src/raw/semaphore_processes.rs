//! Permits in the process scope: those of a dead process come back.

use core::fmt::Debug;

use crate::deadline::Deadline;
use crate::futex::{self, Lower, Reach, Waited};
use crate::primitive::{AtomicU64, Ordering, compiler_fence};
use crate::raw::cells::{Cells, cell, count_of, process_of, too_many_holders};
use crate::raw::deaths::Deaths;
use crate::raw::section::{RobustSection, Section};
use crate::raw::semaphore::{Holders, SemaphoreWords, WAITER, free, waiters};

/// How many permits each process has: cells that count `kept (4 bits) | held (28 bits)`.
///
/// A process *keeps* permits that its threads have given back, for the next of them that asks: that
/// is one step in its own cell. Where none is free, whoever asks collects what all processes keep;
/// while somebody waits, nobody keeps anything.
///
/// Every other change is made in the section. The truth is in `total` and in the cells, and every
/// operation changes it by one step (`forget` by two: after the first, the permit is one that has
/// come back). What is free follows from it, and is reckoned anew when an owner of the section has
/// died.
#[derive(Debug)]
pub struct Processes {
    section: RobustSection,
    cells: Cells,
}

type Words = SemaphoreWords<Processes>;

const KEPT: u32 = 28;
const MOST_KEPT: u32 = 15;
const MOST_HELD: u32 = (1 << KEPT) - 1;

fn kept(cell: u64) -> u32 {
    count_of(cell) >> KEPT
}

fn held(cell: u64) -> u32 {
    count_of(cell) & MOST_HELD
}

enum Attempt {
    Taken(u32),
    Empty,
    NoCell,
}

impl Holders for Processes {
    const NEW: Self = Self { section: RobustSection::NEW, cells: Cells::NEW };

    fn kept(&self) -> u32 {
        self.cells.iter().map(|cell| kept(cell.load(Ordering::Relaxed))).sum()
    }

    #[inline]
    fn try_acquire(words: &Words) -> Option<u32> {
        take_kept(words).or_else(|| {
            attempt(words, 0).or_else(|| if reclaim(words) { attempt(words, 0) } else { None })
        })
    }

    #[inline]
    fn acquire(words: &Words, deadline: Deadline) -> Option<u32> {
        take_kept(words)
            .or_else(|| attempt(words, 0))
            .or_else(|| acquire_contended(words, deadline))
    }

    #[inline]
    fn give_back(words: &Words, process: u32) {
        // A forked child has a copy of its parent's permit.
        if process == words.holders.cells.me() && !keep(words, process) {
            give_up(words, process);
        }
    }

    fn forget(words: &Words, process: u32) {
        if process != words.holders.cells.me() {
            return;
        }
        in_section(words, || {
            if take_from_cell(words, process) {
                // Whoever dies here has died with the permit: it comes back. In the other order the
                // total would be less than what is held. SeqCst: pairs with the reckoning.
                compiler_fence(Ordering::SeqCst);
                words.total.fetch_sub(1, Ordering::Relaxed);
            }
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

/// Takes a permit that this process keeps.
#[inline]
fn take_kept(words: &Words) -> Option<u32> {
    let me = words.holders.cells.me();
    let mine = words.holders.cells.home(me);
    let mut seen = mine.load(Ordering::Relaxed);
    while process_of(seen) == me && kept(seen) > 0 && held(seen) < MOST_HELD {
        let taken = cell(me, count_of(seen) - (1 << KEPT) + 1);
        // Acquire pairs with the step in `keep`.
        match mine.compare_exchange_weak(seen, taken, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => return Some(me),
            Err(now) => seen = now,
        }
    }
    None
}

/// Keeps a permit of this process's that is given back; `false` if it cannot.
#[inline]
fn keep(words: &Words, me: u32) -> bool {
    let mine = words.holders.cells.home(me);
    let mut seen = mine.load(Ordering::Relaxed);
    let nobody_waits = waiters(words.state.load(Ordering::Relaxed)) == 0;
    while nobody_waits && process_of(seen) == me && held(seen) > 0 && kept(seen) < MOST_KEPT {
        let given = cell(me, count_of(seen) + (1 << KEPT) - 1);
        // SeqCst: before the look at the waiters; pairs with `collect`, which comes after a waiter
        // has announced itself. As a Release it pairs with the Acquire of whoever takes the permit.
        match mine.compare_exchange_weak(seen, given, Ordering::SeqCst, Ordering::Relaxed) {
            Ok(_) => {
                // SeqCst: after the step, pairs with the announcement of a waiter.
                if waiters(words.state.load(Ordering::SeqCst)) > 0 {
                    hand_out_kept(words, mine);
                }
                return true;
            }
            Err(now) => seen = now,
        }
    }
    false
}

/// Frees what this process keeps, for those who wait.
#[cold]
fn hand_out_kept(words: &Words, mine: &AtomicU64) {
    let freed = in_section(words, || {
        let freed = collect_from(mine);
        put(words, freed);
        freed
    });
    if freed > 0 {
        wake(words, freed);
    }
}

#[cold]
fn give_up(words: &Words, process: u32) {
    let waiting =
        in_section(
            words,
            || {
                if take_from_cell(words, process) { Some(put(words, 1)) } else { None }
            },
        );
    if waiting.is_some_and(|waiting| waiting > 0) {
        wake(words, 1);
    }
}

/// In the section: takes what a process keeps off its cell.
fn collect_from(cell: &AtomicU64) -> u32 {
    // SeqCst: after a waiter has announced itself; pairs with the step in `keep`.
    let mut seen = cell.load(Ordering::SeqCst);
    while kept(seen) > 0 {
        let without = seen - (u64::from(kept(seen)) << KEPT);
        // Acquire pairs with the step in `keep`: whoever takes the permit comes after it.
        match cell.compare_exchange_weak(seen, without, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => return kept(seen),
            Err(now) => seen = now,
        }
    }
    0
}

/// In the section: frees what all processes keep, and says how much is free.
#[cold]
fn collect(words: &Words) -> u32 {
    let collected = words.holders.cells.iter().map(collect_from).sum();
    put(words, collected);
    collected
}

/// Takes a permit if there is one, and `leaving` off the waiters.
#[cold]
fn attempt(words: &Words, leaving: u64) -> Option<u32> {
    let me = words.holders.cells.me();
    let attempt = in_section(words, || {
        if free(words.state.load(Ordering::Relaxed)) == 0 && collect(words) == 0 {
            return Attempt::Empty;
        }
        let Some(index) = words.holders.cells.find(me, |cell| count_of(cell) == 0) else {
            return Attempt::NoCell;
        };
        let mine = words.holders.cells.at(index);
        let mut seen = mine.load(Ordering::Relaxed);
        loop {
            let count = if process_of(seen) == me { count_of(seen) } else { 0 };
            if count & MOST_HELD == MOST_HELD {
                return Attempt::NoCell;
            }
            // A thread of this process's may be at what it keeps.
            let taken = cell(me, count + 1);
            match mine.compare_exchange(seen, taken, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => break,
                Err(now) => seen = now,
            }
        }
        let state = words.state.load(Ordering::Relaxed);
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
    // The process keeps its cell for the next time, unless another one wants it.
    let one_less = |cell: u64| (held(cell) > 0).then(|| cell - 1);
    let mine = words.holders.cells.at(index);
    mine.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
}

/// In the section, after a death in it.
#[cold]
fn reckon(words: &Words) {
    let has = |cell: u64| held(cell) + kept(cell);
    let held = words.holders.cells.iter().map(|cell| has(cell.load(Ordering::Relaxed))).sum();
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
        // SeqCst: before the look at what the others keep; pairs with the look in `keep`.
        words.state.store(state + WAITER, Ordering::SeqCst);
    });
    let deaths = Deaths::around(core::ptr::from_ref(words).addr());
    loop {
        let heard = deaths.listen();
        reclaim(words);
        if let Some(process) = attempt(words, WAITER) {
            return Some(process);
        }
        // A holder may die, or a waiter that was woken.
        let waited = deaths.wait(heard, &Lower(&words.state), 0, deadline);
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
                let had = held(now) + kept(now);
                (had, put(words, had))
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
