//! The rings in every order of their steps that a few threads can take, as far as a bound on the number of
//! preemptions allows: `cargo xtask loom`.
//!
//! The algorithms are the crate's own files. What they stand on is loom's here: words, cells that tell of any
//! access that no word orders, and event counts on which a thread that nobody wakes ends the model as a deadlock.
#![cfg(loom)]

mod heap;
mod messages;
#[path = "../../../sync-prims/src/primitive/one_order.rs"]
mod one_order;
#[path = "../../../sync-prims/tests/support/orders.rs"]
mod orders;
mod ring;
mod streams;
mod sys;

use heap::Signal;
use orders::{check_less, made};
use sync_prims::Deadline;

/// Runs a model of rings.
fn check(model: impl Fn() + Sync + Send + 'static) {
    check_less(0, model);
}

/// Tries until it works, asleep in between: as those do who use the rings.
fn until<T>(signal: &Signal, mut attempt: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(done) = attempt() {
            return done;
        }
        let key = signal.sleepers().listen();
        if let Some(done) = attempt() {
            return done;
        }
        signal.sleepers().wait(key, Deadline::never());
    }
}
