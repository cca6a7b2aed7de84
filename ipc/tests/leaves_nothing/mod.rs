//! Tests that count everything in the heap. Each binary has its own heap.

use std::sync::{Mutex, MutexGuard, PoisonError};

use ipc::usage;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Nobody else makes or drops anything meanwhile.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `test` and checks that it left the heap as it was.
pub(crate) fn leaves_nothing(test: impl FnOnce()) {
    let _one = alone();
    let before = usage().expect("a program");
    test();
    assert_eq!(usage().expect("a program"), before);
}
