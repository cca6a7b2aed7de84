//! The short internal lock of a primitive: some plain stores that belong together.

use core::fmt::Debug;

use crate::deadline::Deadline;
use crate::futex::robust::node_of_word;
use crate::primitive::AtomicU32;
use crate::raw::identity::{self, Me};
use crate::raw::robust::{RobustWord, Taken};
use crate::raw::word::Word;

/// An internal lock. What runs under it is a handful of the crate's own instructions: nothing of
/// a user's, no system call, no other section.
pub trait Section: Debug + Send + Sync + 'static {
    /// A free section.
    const NEW: Self;

    /// Runs `body` under the lock; before it `repair`, if the last owner died in its own.
    fn run<R>(&self, repair: impl FnOnce(), body: impl FnOnce() -> R) -> R;
}

/// The section of the thread scope.
impl Section for Word {
    const NEW: Self = Self::NEW;

    #[inline]
    fn run<R>(&self, _repair: impl FnOnce(), body: impl FnOnce() -> R) -> R {
        self.lock(Deadline::never());
        let leave = LeaveWord(self);
        let result = body();
        drop(leave);
        result
    }
}

struct LeaveWord<'a>(&'a Word);

impl Drop for LeaveWord<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.unlock();
    }
}

/// The section of the process scope: a robust word that is on record with the kernel while it is
/// held, instead of linked. No guard of it can be forgotten, so it may lie in any memory.
///
/// It is not waited for a dead owner's process: nothing but the owner's own instructions writes
/// to what it protects.
#[repr(transparent)]
#[derive(Debug)]
pub struct RobustSection(AtomicU32);

impl Section for RobustSection {
    const NEW: Self = Self(AtomicU32::new(0));

    #[inline]
    fn run<R>(&self, repair: impl FnOnce(), body: impl FnOnce() -> R) -> R {
        identity::with(|me| {
            let word = RobustWord(&self.0);
            if let Some(head) = me.head() {
                head.begin(node_of_word(&self.0));
            }
            let leave = Leave { word, me };
            if !word.try_take(me) && take(word, me) == Taken::FromTheDead {
                repair();
            }
            let result = body();
            drop(leave);
            result
        })
    }
}

#[cold]
fn take(word: RobustWord<'_>, me: &Me) -> Taken {
    match word.take_contended(me, Deadline::never(), || true) {
        Some(taken) => taken,
        None => unreachable!("never does not pass"),
    }
}

struct Leave<'a> {
    word: RobustWord<'a>,
    me: &'a Me,
}

impl Drop for Leave<'_> {
    #[inline]
    fn drop(&mut self) {
        self.word.release(self.me, 0);
        if let Some(head) = self.me.head() {
            head.done();
        }
    }
}
