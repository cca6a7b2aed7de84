//! Messages that were taken out of a queue and are not dealt with yet.
//!
//! ```text
//! cell     process (32) | messages that it has taken and not finished (32)
//! ```
//!
//! Every place of the process table has a cell; what stands in it is of the process that is named in it
//! and void once that is gone, so a death needs no repair. A process counts a message in its cell *before* it
//! claims the slot: a message is at no instant in neither place, and who sees that nothing is in the
//! ring, and then that a cell is zero, knows that what its process took is done.

use super::layout::Ring;
use super::mpmc::Peek;
use super::primitive::{AtomicU64, Ordering};
use crate::heap::{MAX_PROCESSES, ProcessId, Role, Signal};

/// The cells of a ring, which lie behind its header.
pub(super) type Tasks = [AtomicU64; MAX_PROCESSES as usize];

const ONE: u64 = 1 << 32;
/// Cells in a cache line.
const LINE: usize = 8;
const LINES: usize = MAX_PROCESSES as usize / LINE;

/// Processes with neighbouring places have cells in different cache lines.
fn place_of(process: ProcessId) -> usize {
    let slot = process.slot() as usize;
    slot % LINES * LINE + slot / LINES
}

fn count(cell: u64) -> u64 {
    cell >> 32
}

fn is_of(cell: u64, process: ProcessId) -> bool {
    cell as u32 == process.raw()
}

/// A message that is being taken out, as far as the tasks of its ring are concerned: it is one if it
/// comes to who can finish it.
pub(crate) struct Task<'a> {
    ring: &'a Ring<'static>,
    me: ProcessId,
    counts: bool,
    begun: bool,
}

impl<'a> Task<'a> {
    #[inline]
    pub(crate) fn new(ring: &'a Ring<'static>, role: Role, me: ProcessId) -> Task<'a> {
        Task { ring, me, counts: ring.has_tasks() && role == Role::Both, begun: false }
    }

    /// There seems to be a message.
    #[inline]
    pub(crate) fn begin(&mut self) {
        if self.counts && !self.begun {
            self.ring.begin_task(self.me);
        }
        self.begun = true;
    }

    /// There was none.
    #[inline]
    pub(crate) fn call_off(&mut self) {
        if std::mem::take(&mut self.begun) {
            self.end();
        }
    }

    /// The message goes to the caller, who says when it is dealt with.
    #[inline]
    pub(crate) fn leave_to_caller(mut self) {
        self.begun &= !self.counts;
    }

    fn end(&self) {
        if self.counts {
            self.ring.finish_task(self.me);
        } else if self.ring.has_tasks() {
            self.ring.notify_done();
        }
    }
}

/// It came to nobody, or to one for whom to take it out is all.
impl Drop for Task<'_> {
    fn drop(&mut self) {
        self.call_off();
    }
}

impl Ring<'_> {
    /// Whether messages that are taken out of it have to be finished.
    #[inline]
    pub(crate) fn has_tasks(&self) -> bool {
        self.tasks.is_some()
    }

    /// `me` is about to take a message out.
    #[inline]
    fn begin_task(&self, me: ProcessId) {
        let Some(cell) = self.cell(me) else { return };
        let mut seen = cell.load(Ordering::Relaxed);
        while !is_of(seen, me) {
            // Left by one that is gone. SeqCst: as below.
            let mine = u64::from(me.raw()) | ONE;
            match cell.compare_exchange(seen, mine, Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
        // SeqCst, before the claim of the slot: who sees the claim sees this (`all_done`).
        cell.fetch_add(ONE, Ordering::SeqCst);
    }

    /// A message is dealt with that `me` took out or, if it has none, another process. `false` if there
    /// is none such.
    pub(crate) fn finish_task(&self, me: ProcessId) -> bool {
        let finish = |process| self.cell(process).is_some_and(|cell| self.finish_in(cell, process));
        finish(me) || self.heap.processes().iter().any(|entry| finish(entry.id))
    }

    #[inline]
    fn cell(&self, process: ProcessId) -> Option<&AtomicU64> {
        Some(&self.tasks?[place_of(process)])
    }

    fn finish_in(&self, cell: &AtomicU64, process: ProcessId) -> bool {
        let one_less = |cell: u64| (is_of(cell, process) && count(cell) > 0).then(|| cell - ONE);
        // AcqRel: Release pairs with the Acquire in `all_done`, what the task did shows to who sees it done.
        let finished = cell.fetch_update(Ordering::AcqRel, Ordering::Relaxed, one_less);
        if finished.is_ok_and(|before| count(before) == 1) {
            self.notify_done();
        }
        finished.is_ok()
    }

    /// Somebody may find that all is done.
    pub(super) fn notify_done(&self) {
        self.header.done.notify(self.heap, u32::MAX);
    }

    /// Given whenever `all_done` may have become true, but for deaths, which ring every bell.
    pub(crate) fn done(&self) -> &Signal {
        &self.header.done
    }

    /// Whether every message that was put in before this call was taken out and dealt with, or will
    /// not be because who took it is gone.
    pub(crate) fn all_done(&self) -> bool {
        self.peek() == Peek::Empty
            && self.heap.processes().iter().all(|entry| {
                // Acquire pairs with the Release in `finish_in`.
                let cell = self.cell(entry.id).map_or(0, |cell| cell.load(Ordering::Acquire));
                !is_of(cell, entry.id) || count(cell) == 0
            })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{LINE, place_of};
    use crate::heap::{MAX_PROCESSES, ProcessId};

    #[test]
    fn every_place_has_a_cell_of_its_own_and_neighbours_are_lines_apart() {
        let place = |slot| place_of(ProcessId::new(slot, 1));
        let places: HashSet<usize> = (0..MAX_PROCESSES).map(place).collect();
        assert_eq!(places.len(), MAX_PROCESSES as usize);
        assert!(places.iter().all(|place| *place < MAX_PROCESSES as usize));
        assert!((1..100).all(|slot| place(slot).abs_diff(place(slot - 1)) >= LINE));
    }
}
