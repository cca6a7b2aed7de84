//! Permits: the words, and the thread scope.

use core::fmt::Debug;

use crate::deadline::Deadline;
use crate::futex::{self, Lower, Reach, Waited};
use crate::primitive::{AtomicU32, AtomicU64, Ordering};

/// The words of a semaphore. What `total` and `free` leave, somebody holds.
///
/// ```text
/// state  bits 0..32 free permits, on which waiters sleep; bits 32..64 how many wait, at least
/// total  permits there are, free or held
/// ```
#[derive(Debug)]
pub struct SemaphoreWords<H> {
    pub(crate) state: AtomicU64,
    pub(crate) total: AtomicU32,
    /// What `total` may not exceed.
    limit: u32,
    pub(crate) holders: H,
}

pub(crate) const WAITER: u64 = 1 << 32;

pub(crate) fn free(state: u64) -> u32 {
    state as u32
}

pub(crate) fn waiters(state: u64) -> u32 {
    (state >> 32) as u32
}

/// What is written down about those who hold permits.
pub trait Holders: Debug + Send + Sync + 'static + Sized {
    /// Nobody.
    const NEW: Self;

    /// How many free permits are kept elsewhere than in `state`.
    fn kept(&self) -> u32 {
        0
    }

    /// Takes a permit if there is one, and says for which process it was noted.
    fn try_acquire(words: &SemaphoreWords<Self>) -> Option<u32>;
    /// Takes a permit; `None` if the deadline passed first.
    fn acquire(words: &SemaphoreWords<Self>, deadline: Deadline) -> Option<u32>;
    /// Gives a permit back that was noted for `process`.
    fn give_back(words: &SemaphoreWords<Self>, process: u32);
    /// Strikes a permit out that was noted for `process`: it is no more.
    fn forget(words: &SemaphoreWords<Self>, process: u32);
    /// Adds permits; `false` if that would be too many.
    fn release(words: &SemaphoreWords<Self>, count: u32) -> bool;
}

impl<H: Holders> SemaphoreWords<H> {
    pub(crate) const fn new(permits: u32, limit: u32) -> Self {
        Self {
            state: AtomicU64::new(permits as u64),
            total: AtomicU32::new(permits),
            limit,
            holders: H::NEW,
        }
    }

    pub(crate) fn available(&self) -> u32 {
        // One that moves while we look may be seen twice.
        let seen = free(self.state.load(Ordering::Relaxed)).saturating_add(self.holders.kept());
        seen.min(self.total.load(Ordering::Relaxed))
    }

    /// Adds to the total, if it stays within the limit.
    pub(crate) fn add_to_total(&self, count: u32) -> bool {
        self.total
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |total| {
                total.checked_add(count).filter(|&total| total <= self.limit)
            })
            .is_ok()
    }
}

/// In the thread scope nothing is written down: threads do not die.
#[derive(Debug)]
pub struct Threads;

impl Holders for Threads {
    const NEW: Self = Self;

    #[inline]
    fn try_acquire(words: &SemaphoreWords<Self>) -> Option<u32> {
        take(&words.state, 0).then_some(0)
    }

    #[inline]
    fn acquire(words: &SemaphoreWords<Self>, deadline: Deadline) -> Option<u32> {
        (take(&words.state, 0) || acquire_contended(&words.state, deadline)).then_some(0)
    }

    #[inline]
    fn give_back(words: &SemaphoreWords<Self>, _process: u32) {
        put(&words.state, 1);
    }

    fn forget(words: &SemaphoreWords<Self>, _process: u32) {
        words.total.fetch_sub(1, Ordering::Relaxed);
    }

    fn release(words: &SemaphoreWords<Self>, count: u32) -> bool {
        let added = words.add_to_total(count);
        if added {
            put(&words.state, count);
        }
        added
    }
}

/// Takes a permit, and `leaving` off the waiters.
#[inline]
fn take(state: &AtomicU64, leaving: u64) -> bool {
    // Acquire pairs with the Release in `put`.
    state
        .fetch_update(Ordering::Acquire, Ordering::Relaxed, |state| {
            (free(state) > 0).then(|| state - 1 - leaving)
        })
        .is_ok()
}

#[inline]
fn put(state: &AtomicU64, count: u32) {
    // Release pairs with the Acquire in `take`. No carry into the waiters: all free permits are
    // part of a total that fits.
    let old = state.fetch_add(u64::from(count), Ordering::Release);
    if waiters(old) > 0 {
        wake(state, count);
    }
}

#[cold]
fn wake(state: &AtomicU64, count: u32) {
    futex::wake(&Lower(state), count, Reach::Threads);
}

#[cold]
fn acquire_contended(state: &AtomicU64, deadline: Deadline) -> bool {
    state.fetch_add(WAITER, Ordering::Relaxed);
    loop {
        if take(state, WAITER) {
            return true;
        }
        // A deadline ends the wait only where no wake-up was used up.
        if futex::wait(&Lower(state), 0, deadline, Reach::Threads) == Waited::TimedOut {
            state.fetch_sub(WAITER, Ordering::Relaxed);
            return false;
        }
    }
}
