//! Code of the user's that must take nobody along when it panics.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Drops what is the user's. A panic there has been reported by the panic hook; it must not take a
/// worker or a supervisor along.
pub(crate) fn drop_quietly<T>(value: T) {
    if std::mem::needs_drop::<T>() {
        call_quietly(|| drop(value));
    }
}

/// Calls what is the user's, in the same way.
pub(crate) fn call_quietly(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        // Its own drop may panic again.
        std::mem::forget(payload);
    }
}

/// A value of the user's that is dropped somewhere else.
#[derive(Debug)]
pub(crate) struct Quiet<T>(Option<T>);

impl<T> Quiet<T> {
    pub(crate) fn new(value: T) -> Quiet<T> {
        Quiet(Some(value))
    }

    pub(crate) fn value(&self) -> &T {
        self.0.as_ref().expect("only `into_inner` and the drop take it out")
    }

    pub(crate) fn into_inner(mut self) -> T {
        self.0.take().expect("only this and the drop take it out")
    }
}

impl<T> Drop for Quiet<T> {
    fn drop(&mut self) {
        drop_quietly(self.0.take());
    }
}
