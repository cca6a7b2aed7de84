//! `Barrier`.

use core::fmt;
use core::time::Duration;

use crate::deadline::Deadline;
use crate::raw::barrier::{BarrierWords, Passage};
use crate::scope::Scope;

/// A place where a number of parties wait until all of them are there.
///
/// Use it through its aliases [`thread::Barrier`](crate::thread::Barrier) and
/// [`process::Barrier`](crate::process::Barrier). It can be used again and again. If one party
/// gives up ([`wait_timeout`](Self::wait_timeout), [`abort`](Self::abort)), it breaks for all, and
/// stays broken until [`reset`](Self::reset).
///
/// ```
/// use sync_prims::thread::Barrier;
///
/// let barrier = Barrier::new(2);
/// std::thread::scope(|scope| {
///     let other = scope.spawn(|| barrier.wait().unwrap().index());
///     let this = barrier.wait().unwrap().index();
///     assert_eq!(this + other.join().unwrap(), 1); // 0 and 1
/// });
/// ```
///
/// # Process death
///
/// If a process dies that waits at the barrier, the barrier breaks for all. One that dies before it has come cannot be seen: use the timeout. In memory that
/// is not registered no death can be seen.
///
/// # Panics
///
/// Waiting panics if parties of [`MAX_HOLDERS`](crate::MAX_HOLDERS) other processes wait.
#[doc(alias = "threading.Barrier")]
#[doc(alias = "multiprocessing.Barrier")]
pub struct Barrier<S: Scope> {
    words: BarrierWords<S::Roster>,
}

/// The passage of a [`Barrier`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierWait {
    index: usize,
}

impl BarrierWait {
    /// Which of the parties this was, in the order of their arrival, from 0. Each has another.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Whether this was the party with index 0: for what only one of them is to do.
    pub fn is_leader(&self) -> bool {
        self.index == 0
    }
}

/// The barrier was broken: a party gave up, died, or aborted or reset it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the barrier is broken")]
#[doc(alias = "BrokenBarrierError")]
pub struct BrokenBarrier;

impl<S: Scope> Barrier<S> {
    /// The most parties that a barrier can have.
    const MOST: usize = 65_535;

    /// A barrier for so many parties.
    ///
    /// # Panics
    ///
    /// If `parties` is 0, or more than 65,535.
    pub const fn new(parties: usize) -> Self {
        assert!(parties > 0, "a barrier needs a party");
        assert!(parties <= Self::MOST, "a barrier has at most 65,535 parties");
        Self { words: BarrierWords::new(parties as u32) }
    }

    /// Waits until all parties are there.
    ///
    /// # Errors
    ///
    /// [`BrokenBarrier`] if it is broken, or breaks meanwhile.
    pub fn wait(&self) -> Result<BarrierWait, BrokenBarrier> {
        self.pass(Deadline::never())
    }

    /// Waits until all parties are there, no longer than `timeout`: after that, the barrier is
    /// broken for all. A duration that the clock cannot express is for ever.
    ///
    /// # Errors
    ///
    /// [`BrokenBarrier`] if it is broken, or breaks meanwhile, or the time is up.
    pub fn wait_timeout(&self, timeout: Duration) -> Result<BarrierWait, BrokenBarrier> {
        self.pass(Deadline::after(timeout))
    }

    /// Breaks the barrier, for those who wait and those to come, until [`reset`](Self::reset).
    pub fn abort(&self) {
        self.words.abort();
    }

    /// Makes the barrier as new. Those who wait get [`BrokenBarrier`].
    pub fn reset(&self) {
        self.words.reset();
    }

    /// How many parties the barrier is for.
    pub fn parties(&self) -> usize {
        self.words.parties() as usize
    }

    /// How many parties wait, at this moment.
    #[doc(alias = "n_waiting")]
    pub fn waiting(&self) -> usize {
        self.words.arrived() as usize
    }

    /// Whether the barrier is broken.
    #[doc(alias = "broken")]
    pub fn is_broken(&self) -> bool {
        self.words.is_broken()
    }

    fn pass(&self, deadline: Deadline) -> Result<BarrierWait, BrokenBarrier> {
        match self.words.wait(deadline) {
            Passage::Open(index) => Ok(BarrierWait { index: index as usize }),
            Passage::Broken => Err(BrokenBarrier),
        }
    }
}

#[cfg(loom)]
impl<S: Scope> Barrier<S> {
    /// The words, for a model to print and so to make.
    #[doc(hidden)]
    pub fn words(&self) -> &impl fmt::Debug {
        &self.words
    }
}

impl<S: Scope> fmt::Debug for Barrier<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("parties", &self.parties())
            .field("waiting", &self.waiting())
            .field("is_broken", &self.is_broken())
            .finish_non_exhaustive()
    }
}
