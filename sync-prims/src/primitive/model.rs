//! Loom's, in a form that can be made in a constant: the first use makes the word.
//!
//! What the process scope alone uses is not modelled, and stays the machine's.

use core::fmt;
use std::sync::OnceLock;

use core::sync::atomic as machine;
use loom::sync::atomic as words;

pub(crate) use core::sync::atomic::{AtomicPtr, AtomicUsize, compiler_fence};
pub(crate) use loom::hint::spin_loop;
pub(crate) use loom::sync::atomic::{Ordering, fence};

use super::one_order::in_one_order;

/// To look twice shows nothing new in a model.
pub(crate) const SPINS: u32 = 0;

macro_rules! word {
    ($visibility:vis $name:ident, $value:ty) => {
        $visibility struct $name {
            initial: $value,
            real: OnceLock<words::$name>,
            /// What was written last, in the order in which the model ran: a load may see the past.
            last: machine::$name,
        }

        impl $name {
            pub(crate) const fn new(initial: $value) -> Self {
                Self { initial, real: OnceLock::new(), last: machine::$name::new(initial) }
            }

            fn real(&self) -> &words::$name {
                self.real.get_or_init(|| words::$name::new(self.initial))
            }

            /// No other thread runs between a step of the model's and this.
            fn wrote(&self, value: $value) {
                self.last.store(value, Ordering::Relaxed);
            }

            pub(crate) fn load(&self, order: Ordering) -> $value {
                in_one_order(order, || self.real().load(order))
            }

            pub(crate) fn store(&self, value: $value, order: Ordering) {
                in_one_order(order, || self.real().store(value, order));
                self.wrote(value);
            }
        }

        /// Prints the word, and makes it for that: so a model can see to it that its words are made
        /// before its threads are.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.real().fmt(f)
            }
        }
    };
}

macro_rules! swapped {
    ($name:ident, $value:ty) => {
        impl $name {
            pub(crate) fn swap(&self, value: $value, order: Ordering) -> $value {
                let old = in_one_order(order, || self.real().swap(value, order));
                self.wrote(value);
                old
            }
        }
    };
}

macro_rules! number {
    ($visibility:vis $name:ident, $value:ty) => {
        word!($visibility $name, $value);

        impl $name {
            /// Where it is; there is nothing to be read.
            pub(crate) fn as_ptr(&self) -> *mut $value {
                core::ptr::from_ref(&self.initial).cast_mut()
            }

            /// What was written last, as a step of its own.
            pub(crate) fn latest(&self) -> $value {
                self.load(Ordering::Relaxed);
                self.last.load(Ordering::Relaxed)
            }

            pub(crate) fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let swap = || self.real().compare_exchange(current, new, success, failure);
                let old = in_one_order(success, swap)?;
                self.wrote(new);
                Ok(old)
            }

            pub(crate) fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.compare_exchange(current, new, success, failure)
            }

            pub(crate) fn fetch_add(&self, value: $value, order: Ordering) -> $value {
                let old = in_one_order(order, || self.real().fetch_add(value, order));
                self.wrote(old.wrapping_add(value));
                old
            }

            pub(crate) fn fetch_sub(&self, value: $value, order: Ordering) -> $value {
                let old = in_one_order(order, || self.real().fetch_sub(value, order));
                self.wrote(old.wrapping_sub(value));
                old
            }

            pub(crate) fn fetch_and(&self, value: $value, order: Ordering) -> $value {
                let old = in_one_order(order, || self.real().fetch_and(value, order));
                self.wrote(old & value);
                old
            }

            pub(crate) fn fetch_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                mut new: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                let mut old = self.load(fetch);
                while let Some(next) = new(old) {
                    match self.compare_exchange(old, next, set, fetch) {
                        Ok(old) => return Ok(old),
                        Err(now) => old = now,
                    }
                }
                Err(old)
            }
        }
    };
}

word!(pub(crate) AtomicBool, bool);
number!(pub AtomicU32, u32);
number!(pub(crate) AtomicU64, u64);
swapped!(AtomicBool, bool);
swapped!(AtomicU32, u32);

impl AtomicU32 {
    pub(crate) fn fetch_or(&self, value: u32, order: Ordering) -> u32 {
        let old = in_one_order(order, || self.real().fetch_or(value, order));
        self.wrote(old | value);
        old
    }
}

impl Default for AtomicU32 {
    fn default() -> Self {
        Self::new(0)
    }
}
