//! In place of the robust list, where the system has none: nobody marks the words of the dead.
//!
//! So a word holds the number of the owning *process*, as the witness of the memory counts them,
//! and who waits for the word asks the witness whether that process is gone, and marks the word
//! itself. Nothing is on record with anybody; the words and their layout are those of Linux.
//!
//! Linux has this body under `cfg(unmarked)`, so that the tests of deaths can run on it.
#![expect(unsafe_code, reason = "the functions have the contract of those of Linux")]

use core::time::Duration;

use crate::futex::Word;
use crate::primitive::{AtomicU32, AtomicUsize, Ordering};

/// Whether the system marks the words of a thread that dies, and wakes whom it owed a wake-up.
pub(crate) const MARKS: bool = false;

/// Why memory cannot be registered, which it always can.
pub(crate) const UNSUPPORTED: &str = "this system cannot tell that the owner of a lock is dead";

/// Where Linux links a node; here the first word tells that it is held.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Links([AtomicUsize; 2]);

/// The list of a thread, which lists nothing.
#[derive(Debug)]
pub(crate) struct Head(());

/// Which of the first two 32-bit words of a node is the futex word.
pub(crate) const WORD: usize = 0;
/// Not for the user of a node.
pub(crate) const LINKED_MARK: u32 = 0x80;
/// Set in a word: somebody may sleep on it.
pub(crate) const WAITERS: u32 = 1 << 31;
/// Set in a word by one who has found its owner dead.
pub(crate) const OWNER_DIED: u32 = 1 << 30;
/// The part of a word that holds its owner.
pub(crate) const OWNER: u32 = OWNER_DIED - 1;
/// How many locks one thread may hold at a time.
pub(crate) const MAX_LINKED: u32 = 1024;
/// How many bare mutexes one thread may hold besides.
pub(crate) const MAX_BARE: u32 = 512;

impl Links {
    #[expect(clippy::declare_interior_mutable_const, reason = "an initialiser")]
    pub(crate) const NEW: Self = Self([const { AtomicUsize::new(0) }; 2]);

    pub(crate) fn linked(&self) -> bool {
        self.0[0].load(Ordering::Relaxed) != 0
    }

    pub(crate) fn reset(&self) {
        self.0[0].store(0, Ordering::Relaxed);
    }
}

impl Head {
    pub(crate) fn current(_before_fork: *const Head) -> Option<&'static Head> {
        const { Some(&Head(())) }
    }

    #[expect(clippy::unused_self, reason = "as on Linux")]
    pub(crate) fn begin(&self, _node: usize) {}

    #[expect(clippy::unused_self, reason = "as on Linux")]
    pub(crate) fn done(&self) {}

    /// # Safety
    /// None is needed: nothing is reached by pointer.
    #[expect(clippy::unused_self, reason = "as on Linux")]
    pub(crate) unsafe fn link(&self, links: &Links) {
        links.0[0].store(1, Ordering::Relaxed);
    }

    /// # Safety
    /// None is needed: nothing is reached by pointer.
    #[expect(clippy::unused_self, reason = "as on Linux")]
    pub(crate) unsafe fn unlink(&self, links: &Links) {
        links.reset();
    }
}

/// Prepares the other word of a node that is about to be linked.
pub(crate) fn mark_linked(_other: &AtomicU32) {}

/// Tells nodes apart.
pub(crate) fn node_of(links: &Links) -> usize {
    core::ptr::from_ref(&links.0[1]).addr()
}

/// Tells bare words apart.
pub(crate) fn node_of_word(word: &impl Word) -> usize {
    word.address().addr()
}

/// Sleepers are told of deaths by the witness of the memory.
pub(crate) fn backstop() -> Option<Duration> {
    None
}
