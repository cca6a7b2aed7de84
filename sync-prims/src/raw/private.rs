//! A lock for this crate's own tables, which a forked child can take over in a whole state.
#![expect(unsafe_code, reason = "a lock")]

use core::cell::UnsafeCell;

use crate::deadline::Deadline;
use crate::raw::word::Word;

pub(crate) struct Private<T> {
    word: Word,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached by one thread at a time, under the lock.
unsafe impl<T: Send> Sync for Private<T> {}

impl<T> Private<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { word: Word::NEW, value: UnsafeCell::new(value) }
    }

    /// Runs `f` under the lock. `f` must not panic and not come back here.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        self.word.lock(Deadline::never());
        // SAFETY: the lock is held.
        let result = f(unsafe { &mut *self.value.get() });
        self.word.unlock();
        result
    }

    pub(crate) fn lock_for_fork(&self) {
        self.word.lock(Deadline::never());
    }

    /// Ends [`lock_for_fork`](Self::lock_for_fork), in either process.
    pub(crate) fn unlock_after_fork(&self, f: impl FnOnce(&mut T)) {
        // SAFETY: the lock has been held since `lock_for_fork`, by this thread.
        f(unsafe { &mut *self.value.get() });
        self.word.unlock();
    }
}
