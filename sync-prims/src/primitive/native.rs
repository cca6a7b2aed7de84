//! The machine's own.

pub(crate) use core::hint::spin_loop;
pub(crate) use core::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, compiler_fence, fence,
};

/// How often to look at a word before sleeping on it.
pub(crate) const SPINS: u32 = 100;
