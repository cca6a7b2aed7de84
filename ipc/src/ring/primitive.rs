//! What rings and streams are built of: the machine's atomics. In a model (`tests/loom`) loom's stand in their
//! place, so that the algorithms can be tried in every order of their steps.
#![expect(unsafe_code, reason = "reads a word of a payload while another may change it")]

use std::cell::UnsafeCell;

pub(super) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

pub(super) use crossbeam_utils::Backoff;

/// Memory that one at a time has, by words elsewhere. Who has it may use the pointers that it gives out.
#[repr(transparent)]
pub(super) struct Cell<T>(UnsafeCell<T>);

impl<T> Cell<T> {
    /// For reading.
    #[inline]
    pub(super) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    /// For writing.
    #[inline]
    pub(super) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }

    /// The first word, as an atomic: also while another has the memory.
    ///
    /// # Safety
    /// The value is at least a word long and aligned to one.
    pub(super) unsafe fn first_word(&self) -> u64 {
        // SAFETY: as the caller says.
        unsafe { AtomicU64::from_ptr(self.0.get().cast()) }.load(Ordering::Relaxed)
    }
}
