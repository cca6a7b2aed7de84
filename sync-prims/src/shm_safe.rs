//! Which values may lie in memory that several processes map.
#![expect(unsafe_code, reason = "implements unsafe marker traits")]

use core::marker::PhantomData;
use core::num::Wrapping;
use core::sync::atomic::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicU8, AtomicU16,
    AtomicU32, AtomicU64, AtomicUsize,
};

use crate::barrier::Barrier;
use crate::condition::Condition;
use crate::event::Event;
use crate::raw::{EventCount, RobustMutex};
use crate::scope::Processes;
use crate::semaphore::{BoundedSemaphore, Semaphore};

/// A value that may lie in memory that several processes map.
///
/// Integers, floats, `bool`, atomics, process-scope primitives, arrays and tuples of these are
/// `ShmSafe`, and structs of these with `#[derive(ShmSafe)]`:
///
/// ```
/// use sync_prims::{ShmSafe, process::Lock};
///
/// #[derive(Clone, Copy, ShmSafe)]
/// enum State { Idle, Busy }
///
/// #[derive(ShmSafe)]
/// struct Worker<T> {
///     state: State,
///     done: u64,
///     results: Lock<[T; 4]>,
/// }
///
/// fn place<T: ShmSafe>(value: T) -> T { value }
/// let worker = place(Worker { state: State::Idle, done: 0, results: Lock::new([0.5; 4]) });
/// assert_eq!(worker.done, 0);
/// assert!(matches!(worker.state, State::Idle));
/// ```
///
/// The processes of a program run the same build, so the compiler may choose the layout. Programs of different builds need
/// `#[repr(C)]`, and `#[repr(u8)]` for an enum.
///
/// A reference means nothing in another process:
///
/// ```compile_fail
/// use sync_prims::ShmSafe;
/// #[derive(ShmSafe)]
/// struct Name { text: &'static str }
/// ```
///
/// Nor does a lock that only threads of one process can see:
///
/// ```compile_fail
/// use sync_prims::{ShmSafe, thread::Lock};
/// #[derive(ShmSafe)]
/// struct Counter { count: Lock<u64> }
/// ```
///
/// A half-copied `char` may be none; nor can an enum with data be torn:
///
/// ```compile_fail
/// use sync_prims::ShmSafe;
/// #[derive(ShmSafe)]
/// struct Key { letter: char }
/// ```
/// ```compile_fail
/// use sync_prims::ShmSafe;
/// #[derive(ShmSafe)]
/// enum Message { Number(u64), Flag(bool) }
/// ```
///
/// A half-copied `NonZeroU32` may be zero:
///
/// ```compile_fail
/// use std::num::NonZeroU32;
/// use sync_prims::ShmSafe;
/// #[derive(ShmSafe)]
/// struct Id { number: NonZeroU32 }
/// ```
///
/// An enum of more than one byte may be half written:
///
/// ```compile_fail
/// use sync_prims::ShmSafe;
/// #[derive(ShmSafe)]
/// #[repr(u16)]
/// enum Level { Low = 1, High = 1000 }
/// ```
///
/// Values in shared memory are never dropped:
///
/// ```compile_fail
/// use sync_prims::ShmSafe;
/// #[derive(ShmSafe)]
/// struct Handle { number: u32 }
/// impl Drop for Handle { fn drop(&mut self) {} }
/// ```
///
/// # Safety
///
/// * No part of the value refers to anything outside of it: no pointer, no reference, no handle.
/// * A process may die while it copies a value over another. So every value must be valid whose
///   bytes, each by itself, are those of some valid value at that place. (`char`, `NonZeroU32` and
///   any enum of more than one byte are not like that; `bool` and an enum of one byte are.)
/// * It never needs to be dropped.
/// * Processes are not equal to threads: sharing it between threads is sound, too.
pub unsafe trait ShmSafe: Send + Sync + 'static {}

/// A [`ShmSafe`] value for which all-zero bytes are valid, so that untouched memory holds it.
///
/// ```
/// use sync_prims::{ShmSafe, Zeroable};
///
/// #[derive(Debug, PartialEq, ShmSafe, Zeroable)]
/// #[repr(C)]
/// struct Sample { time: u64, value: f32 }
///
/// fn untouched<T: Zeroable>() -> T {
///     // SAFETY: that is what `Zeroable` says.
///     unsafe { core::mem::zeroed() }
/// }
/// assert_eq!(untouched::<Sample>(), Sample { time: 0, value: 0.0 });
/// ```
///
/// An enum need not have a variant at zero, so it is out:
///
/// ```compile_fail
/// use sync_prims::{ShmSafe, Zeroable};
/// #[derive(ShmSafe, Zeroable)]
/// #[repr(u8)]
/// enum Direction { Up = 1, Down = 2 }
/// ```
///
/// # Safety
///
/// A value whose bytes are all zero is valid.
pub unsafe trait Zeroable: ShmSafe {}

macro_rules! plain {
    ($($type:ty),* $(,)?) => {$(
        // SAFETY: refers to nothing, valid in every mixture of the bytes of valid values, and
        // without drop glue.
        unsafe impl ShmSafe for $type {}
        // SAFETY: zero bytes are zero, or false.
        unsafe impl Zeroable for $type {}
    )*};
}

plain!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64, bool, ());
plain!(AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize);
plain!(AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize);
plain!(Condition<Processes>, Event<Processes>, EventCount, RobustMutex);

// A new one of these is not zero bytes.
macro_rules! placed {
    ($($type:ty),* $(,)?) => {$(
        // SAFETY: address-free words that any mixture of their values leaves valid.
        unsafe impl ShmSafe for $type {}
    )*};
}

placed!(Semaphore<Processes>, BoundedSemaphore<Processes>, Barrier<Processes>);

// SAFETY: holds nothing.
unsafe impl<T: ShmSafe> ShmSafe for PhantomData<T> {}
// SAFETY: holds nothing.
unsafe impl<T: ShmSafe> Zeroable for PhantomData<T> {}
// SAFETY: a `T` and nothing else.
unsafe impl<T: ShmSafe> ShmSafe for Wrapping<T> {}
// SAFETY: a `T` and nothing else.
unsafe impl<T: Zeroable> Zeroable for Wrapping<T> {}
// SAFETY: values beside each other, each sound by itself.
unsafe impl<T: ShmSafe> ShmSafe for [T] {}
// SAFETY: values beside each other, each sound by itself.
unsafe impl<T: ShmSafe, const N: usize> ShmSafe for [T; N] {}
// SAFETY: values beside each other, each valid in zero bytes.
unsafe impl<T: Zeroable, const N: usize> Zeroable for [T; N] {}

macro_rules! tuples {
    ($($name:ident)+) => {
        // SAFETY: values beside each other, each sound by itself.
        unsafe impl<$($name: ShmSafe),+> ShmSafe for ($($name,)+) {}
        // SAFETY: values beside each other, each valid in zero bytes.
        unsafe impl<$($name: Zeroable),+> Zeroable for ($($name,)+) {}
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
