//! Loom's words and cells.
#![expect(unsafe_code, reason = "the signatures are those of the crate")]

use std::mem::size_of;

use loom::cell::UnsafeCell;
use loom::sync::atomic as words;
use loom::thread;

pub(super) use loom::sync::atomic::Ordering;

use crate::one_order::in_one_order;

macro_rules! word {
    ($name:ident, $value:ty) => {
        #[derive(Debug, Default)]
        pub(crate) struct $name(words::$name);

        impl $name {
            pub(super) fn new(value: $value) -> $name {
                $name(words::$name::new(value))
            }

            pub(super) fn load(&self, order: Ordering) -> $value {
                in_one_order(order, || self.0.load(order))
            }

            pub(super) fn store(&self, value: $value, order: Ordering) {
                in_one_order(order, || self.0.store(value, order));
            }

            pub(super) fn swap(&self, value: $value, order: Ordering) -> $value {
                in_one_order(order, || self.0.swap(value, order))
            }

            pub(super) fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                in_one_order(success, || self.0.compare_exchange(current, new, success, failure))
            }
        }
    };
}

word!(AtomicU32, u32);
word!(AtomicU64, u64);

/// Lets the others go on.
pub(super) struct Backoff;

impl Backoff {
    pub(super) fn new() -> Backoff {
        Backoff
    }

    pub(super) fn spin(&self) {
        thread::yield_now();
    }
}

/// Tells of any access that no word orders.
#[derive(Debug)]
pub(super) struct Cell<T>(UnsafeCell<T>);

impl<T> Cell<T> {
    pub(super) fn new(value: T) -> Cell<T> {
        Cell(UnsafeCell::new(value))
    }

    pub(super) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        self.0.with(read)
    }

    pub(super) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        self.0.with_mut(write)
    }

    /// No model has parcels, for whose names this is.
    ///
    /// # Safety
    /// None is needed.
    pub(super) unsafe fn first_word(&self) -> u64 {
        unreachable!("the name of a parcel, in {} bytes", size_of::<T>())
    }
}
