//! The items of a call, each until its result is taken.

use std::mem::needs_drop;
use std::ops::{ControlFlow, Range};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::quiet::drop_quietly;
use crate::error::TaskError;

/// An item.
pub(super) enum Slot<A, R> {
    Waiting(A),
    /// With what the user calls it.
    #[expect(clippy::box_collection, reason = "few have a text, and all pay for its room")]
    Taken(Option<Box<String>>),
    Done(R),
    Failed(Box<TaskError>),
}

impl<A, R> Slot<A, R> {
    /// Takes the result, if there is one.
    pub(super) fn take(&mut self) -> Option<Result<R, TaskError>> {
        if let Slot::Waiting(_) = self {
            // It stays until the call is dropped: its drop is the user's code, and may panic.
            return None;
        }
        match std::mem::replace(self, Slot::Taken(None)) {
            Slot::Done(value) => Some(Ok(value)),
            Slot::Failed(error) => Some(Err(*error)),
            Slot::Waiting(_) | Slot::Taken(_) => None,
        }
    }

    pub(super) fn drop_quietly(self) {
        match self {
            Slot::Waiting(item) => drop_quietly(item),
            Slot::Done(value) => drop_quietly(value),
            Slot::Taken(_) | Slot::Failed(_) => {}
        }
    }
}

/// The items of a call, in pages: what is done to many neighbours is done under few locks, and
/// workers that have different chunks seldom meet.
pub(crate) struct Slots<A, R> {
    pages: Box<[Mutex<Page<A, R>>]>,
    len: usize,
}

type Page<A, R> = Box<[Slot<A, R>]>;

/// Items to a page.
const PAGE: usize = 128;

impl<A, R> Slots<A, R> {
    pub(crate) fn new(items: impl IntoIterator<Item = A>) -> Self {
        let mut slots = items.into_iter().fuse().map(Slot::Waiting);
        let mut pages = Vec::with_capacity(slots.size_hint().0.div_ceil(PAGE));
        let mut len = 0;
        loop {
            let page: Page<A, R> = slots.by_ref().take(PAGE).collect();
            if page.is_empty() {
                break;
            }
            len += page.len();
            pages.push(Mutex::new(page));
        }
        let pages = pages.into_boxed_slice();
        Self { pages, len }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Locks the page of an item for `f`, which must not come back here.
    pub(super) fn at<T>(&self, index: usize, f: impl FnOnce(&mut Slot<A, R>) -> T) -> T {
        f(&mut self.lock(index / PAGE)[index % PAGE])
    }

    /// The same for each of these items, one after the other, until `f` breaks off.
    pub(super) fn each<B>(
        &self,
        items: Range<usize>,
        mut f: impl FnMut(&mut Slot<A, R>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let mut start = items.start;
        while start < items.end {
            let first = start % PAGE;
            let end = items.end.min(start - first + PAGE);
            let mut page = self.lock(start / PAGE);
            page[first..first + end - start].iter_mut().try_for_each(&mut f)?;
            start = end;
        }
        ControlFlow::Continue(())
    }

    fn lock(&self, page: usize) -> MutexGuard<'_, Page<A, R>> {
        self.pages[page].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each by itself: two that panic in one drop would end the program.
impl<A, R> Drop for Slots<A, R> {
    fn drop(&mut self) {
        if !needs_drop::<A>() && !needs_drop::<R>() {
            return;
        }
        for page in &mut self.pages {
            let page = page.get_mut().unwrap_or_else(PoisonError::into_inner);
            for slot in page {
                std::mem::replace(slot, Slot::Taken(None)).drop_quietly();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::iter;
    use std::ops::{ControlFlow, Range};

    use super::{PAGE, Slot, Slots};

    /// The items that are gone through, up to the one that breaks off.
    fn seen(slots: &Slots<usize, ()>, items: Range<usize>, last: usize) -> Vec<usize> {
        let mut seen = Vec::new();
        let _ = slots.each(items, |slot| {
            let Slot::Waiting(item) = slot else { panic!("it waits") };
            seen.push(*item);
            if *item == last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        seen
    }

    #[test]
    fn items_of_all_pages_are_gone_through_in_their_order_each_once() {
        for len in [0, 1, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE + 7] {
            let slots = Slots::new(0..len);
            assert_eq!(slots.len(), len);
            for items in [0..len, len / 3..len, 0..len / 2, len / 3..len / 2] {
                assert_eq!(seen(&slots, items.clone(), len), Vec::from_iter(items));
            }
        }
    }

    #[test]
    fn nothing_is_touched_after_the_one_that_breaks_off() {
        let slots = Slots::new(0..3 * PAGE);
        for last in [0, PAGE - 1, PAGE, PAGE + 5] {
            assert_eq!(seen(&slots, 0..slots.len(), last), Vec::from_iter(0..=last));
        }
    }

    #[test]
    fn an_iterator_is_not_asked_again_after_its_end() {
        let mut asked = 0..10;
        let items = iter::from_fn(|| asked.next().filter(|n| *n != 3));
        assert_eq!(Slots::<usize, ()>::new(items).len(), 3);
    }
}
