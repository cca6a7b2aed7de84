//! How models are run under loom, in this crate and in those that build on it.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::model::Builder;

/// Runs a model, and says in how many orders. `LOOM_MAX_PREEMPTIONS` sets another bound than 3. The bound is
/// less by so many, but at least 1: three threads that all sleep and wake each other take their steps
/// in far more orders than two.
pub(crate) fn check_less(less: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    let bound = builder.preemption_bound.unwrap_or(3);
    builder.preemption_bound = Some(bound.saturating_sub(less).max(1));
    let orders = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&orders);
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let test = std::thread::current();
    println!("{}: {} orders", test.name().unwrap_or_default(), orders.load(Ordering::Relaxed));
}

/// Makes words here and now (which is what to print them is for): before there is anybody who could be ordered
/// by their making.
pub(crate) fn made(words: &impl Debug) {
    let _made = format!("{words:?}");
}
