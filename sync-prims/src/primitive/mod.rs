//! The atomic words that everything here is built of: the one door to `core::sync`.
//!
//! Under `cfg(loom)` they are loom's, so that `tests/loom.rs` can try every order of steps.

#[cfg(loom)]
mod model;
#[cfg(not(loom))]
mod native;
#[cfg(loom)]
mod one_order;

#[cfg(loom)]
pub(crate) use model::{
    AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, SPINS, compiler_fence,
    fence, spin_loop,
};
#[cfg(not(loom))]
pub(crate) use native::{
    AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, SPINS, compiler_fence,
    fence, spin_loop,
};
