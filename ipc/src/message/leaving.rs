//! Unique things on their way from a value into its message.
//!
//! serde encodes by reference: whoever encoded a unique thing could still have it afterwards, in an
//! `Arc` for instance, or forget it. So each one must be seen to be dropped, once, while the value is.

use std::cell::RefCell;
use std::mem::ManuallyDrop;

use super::context::Kept;
use crate::heap::{HoldId, Owner};
use crate::program::Program;

thread_local! {
    /// Unique things whose values this thread is dropping, and whether they were dropped yet.
    static LEAVING: Kept<Vec<(HoldId, bool)>> = const { RefCell::new(ManuallyDrop::new(Vec::new())) };
}

/// Watches the unique things of a message being dropped along with its value.
pub(super) struct Leaving {
    start: usize,
}

impl Leaving {
    pub(super) fn begin(unique: &[HoldId]) -> Leaving {
        LEAVING.with_borrow_mut(|leaving| {
            let start = leaving.len();
            leaving.extend(unique.iter().map(|hold| (*hold, false)));
            Leaving { start }
        })
    }

    /// Those that left the value, and whether some did not.
    pub(super) fn end(self) -> (Vec<HoldId>, bool) {
        let mine = LEAVING.with_borrow_mut(|leaving| leaving.split_off(self.start));
        forget_if_empty();
        std::mem::forget(self);
        let kept = mine.iter().any(|(_, left)| !left);
        (mine.into_iter().filter_map(|(hold, left)| left.then_some(hold)).collect(), kept)
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        // The value's `Drop` panicked. What left it is nobody's: there will be no message.
        let mine = LEAVING.with_borrow_mut(|leaving| leaving.split_off(self.start));
        forget_if_empty();
        if let Ok(Program { heap, me, .. }) = Program::current() {
            let left = mine.into_iter().filter(|(_, left)| *left);
            left.for_each(|(hold, _)| heap.release(hold, Owner::Process(*me), *me));
        }
    }
}

/// Nothing drops the list at the end of its thread.
fn forget_if_empty() {
    LEAVING.with_borrow_mut(|leaving| {
        if leaving.is_empty() {
            leaving.shrink_to_fit();
        }
    });
}

/// Called when a unique thing is dropped: whether it moves into a message, and so must not be released.
pub(crate) fn leaves(hold: HoldId) -> bool {
    LEAVING.with_borrow_mut(|leaving| {
        let found = leaving.iter_mut().rev().find(|(one, left)| *one == hold && !*left);
        found.map(|(_, left)| *left = true).is_some()
    })
}
