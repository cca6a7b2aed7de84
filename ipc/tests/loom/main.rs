//! The rings in every order of their steps that a few threads can take, as far as a bound on the number of
//! preemptions allows: `cargo xtask loom`.
//!
//! The algorithms are the crate's own files. What they stand on is loom's here: words, cells that tell of any
//! access that no word orders, and event counts on which a thread that nobody wakes ends the model as a deadlock.
#![cfg(loom)]

mod heap;
mod messages;
mod ring;
mod streams;
mod sys;

use std::fmt::Debug;
use std::sync::Arc as Plain;
use std::sync::atomic::{AtomicUsize, Ordering};

use heap::Signal;
use loom::model::Builder;
use sync_prims::Deadline;

/// Runs a model. `LOOM_MAX_PREEMPTIONS` sets another bound.
fn check(model: impl Fn() + Sync + Send + 'static) {
    check_less(0, model);
}

/// The same with a bound that is less by so many, but at least 1: three threads that all sleep and wake each
/// other take their steps in far more orders than two.
fn check_less(less: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    let bound = builder.preemption_bound.unwrap_or(3);
    builder.preemption_bound = Some(bound.saturating_sub(less).max(1));
    let orders = Plain::new(AtomicUsize::new(0));
    let count = Plain::clone(&orders);
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        ring::make_steps();
        model();
    });
    let test = std::thread::current();
    println!("{}: {} orders", test.name().unwrap_or_default(), orders.load(Ordering::Relaxed));
}

/// Makes words here and now: before there is anybody who could be ordered by their making.
fn made(words: &impl Debug) {
    let _made = format!("{words:?}");
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
