//! There is no robust list here: nobody marks the words of a thread that dies.
//!
//! There is no [`Head`], so nothing is ever linked, and memory cannot be registered. The words and
//! their layout are those of Linux.
#![expect(unsafe_code, reason = "the functions have the contract of those of Linux")]

use core::convert::Infallible;
use core::time::Duration;

use crate::futex::Word;
use crate::primitive::{AtomicU32, AtomicUsize};

/// Why memory cannot be registered.
pub(crate) const UNSUPPORTED: &str =
    "this system has no robust list, so nobody would tell that the owner of a lock is dead";

/// Where Linux links a node; here it stays empty.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Links([AtomicUsize; 2]);

/// The list of a thread, of which there is none.
#[derive(Debug)]
pub(crate) struct Head(Infallible);

/// Which of the first two 32-bit words of a node is the futex word.
pub(crate) const WORD: usize = 0;
/// Not for the user of a node.
pub(crate) const LINKED_MARK: u32 = 0x80;
/// Set in a word: somebody may sleep on it.
pub(crate) const WAITERS: u32 = 1 << 31;
/// Set in a word whose owner is dead; here by nobody.
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
        false
    }

    pub(crate) fn reset(&self) {}
}

impl Head {
    pub(crate) fn current(_before_fork: *const Head) -> Option<&'static Head> {
        None
    }

    pub(crate) fn begin(&self, _node: usize) {
        match self.0 {}
    }

    pub(crate) fn done(&self) {
        match self.0 {}
    }

    /// # Safety
    /// None is needed where nobody can call it.
    pub(crate) unsafe fn link(&self, _links: &Links) {
        match self.0 {}
    }

    /// # Safety
    /// None is needed where nobody can call it.
    pub(crate) unsafe fn unlink(&self, _links: &Links) {
        match self.0 {}
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

/// The system passes no wake-up of a dead sleeper on, so the others look for themselves.
#[expect(clippy::unnecessary_wraps, reason = "other systems need none")]
pub(crate) fn backstop() -> Option<Duration> {
    Some(Duration::from_secs(1))
}
