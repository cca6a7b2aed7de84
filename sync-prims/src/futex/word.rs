//! What can be slept on, by whom, and how that may end.

use crate::primitive::{AtomicU32, AtomicU64};

/// Who may wait on a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Threads of this process.
    Threads,
    /// Every process that maps the word.
    Processes,
}

/// How a sleep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// A `wake` ended it, the word differed, or a signal came: look again.
    Again,
    /// The deadline passed, and no wake-up was used up.
    TimedOut,
}

/// A word that can be slept on.
pub(crate) trait Word {
    /// Where it is.
    fn address(&self) -> *const u32;

    /// What is in it, as the kernel sees it: never an old value.
    #[cfg(any(loom, target_os = "windows"))]
    fn latest(&self) -> u32;
}

impl Word for AtomicU32 {
    #[inline]
    fn address(&self) -> *const u32 {
        self.as_ptr()
    }

    #[cfg(any(loom, target_os = "windows"))]
    fn latest(&self) -> u32 {
        latest(self)
    }
}

/// Which half of a 64-bit word in memory has its lower bits.
#[cfg(target_endian = "little")]
const LOWER: usize = 0;
/// Which half of a 64-bit word in memory has its lower bits.
#[cfg(target_endian = "big")]
const LOWER: usize = 1;

/// The lower 32 bits of a 64-bit word.
#[derive(Clone, Copy, Debug)]
pub struct Lower<'a>(pub(crate) &'a AtomicU64);

impl Word for Lower<'_> {
    #[inline]
    fn address(&self) -> *const u32 {
        self.0.as_ptr().cast::<u32>().wrapping_add(LOWER)
    }

    #[cfg(any(loom, target_os = "windows"))]
    fn latest(&self) -> u32 {
        latest_wide(self.0) as u32
    }
}

#[cfg(loom)]
fn latest(word: &AtomicU32) -> u32 {
    word.latest()
}

#[cfg(loom)]
fn latest_wide(word: &AtomicU64) -> u64 {
    word.latest()
}

// SeqCst: the caller says with what it pairs.
#[cfg(all(target_os = "windows", not(loom)))]
fn latest(word: &AtomicU32) -> u32 {
    word.load(crate::primitive::Ordering::SeqCst)
}

// SeqCst: the caller says with what it pairs.
#[cfg(all(target_os = "windows", not(loom)))]
fn latest_wide(word: &AtomicU64) -> u64 {
    word.load(crate::primitive::Ordering::SeqCst)
}
