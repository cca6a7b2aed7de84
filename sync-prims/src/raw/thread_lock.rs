//! The lock of the thread scope, with its poison.

use crate::deadline::Deadline;
use crate::error::PoisonCause;
use crate::primitive::{AtomicBool, Ordering};
use crate::raw::word::Word;
use crate::raw::{Health, RawLock};

/// A word, and whether a panic has left the data half changed.
#[derive(Debug)]
pub struct ThreadLock {
    word: Word,
    poisoned: AtomicBool,
}

impl RawLock for ThreadLock {
    const NEW: Self = Self { word: Word::NEW, poisoned: AtomicBool::new(false) };

    #[inline]
    fn lock(&self, deadline: Deadline) -> Option<Health> {
        self.word.lock(deadline).then(|| self.health())
    }

    #[inline]
    fn try_lock(&self) -> Option<Health> {
        self.word.try_lock().then(|| self.health())
    }

    #[inline]
    fn unlock(&self) {
        self.word.unlock();
    }

    #[cold]
    fn poison(&self) {
        // Relaxed: the unlock that follows publishes it.
        self.poisoned.store(true, Ordering::Relaxed);
    }

    fn is_locked(&self) -> bool {
        self.word.is_locked()
    }

    #[inline]
    fn health(&self) -> Health {
        if self.poisoned.load(Ordering::Relaxed) { Err(PoisonCause::Panicked) } else { Ok(()) }
    }

    fn clear_poison(&self) {
        self.poisoned.store(false, Ordering::Relaxed);
    }
}
