//! The reader-writer lock of the process scope: readers in cells, the writer in a robust lock.

use core::fmt::Debug;

use crate::deadline::Deadline;
use crate::primitive::{AtomicU64, Ordering, fence};
use crate::raw::cells::{Cells, cell, count_of, process_of, too_many_holders};
use crate::raw::deaths::Deaths;
use crate::raw::event_count::EventCount;
use crate::raw::process_lock::{Patience, ProcessLock};
use crate::raw::{Health, RawLock, RawRwLock};

/// A reader counts itself in the cell of its process and then looks at the writer's lock; a writer
/// takes its lock and then looks at the cells. One of them sees the other. A reader that sees a
/// writer steps back, queues for the writer's lock, counts itself while it has that, and lets it
/// go again.
///
/// The cells of a dead process are cleared by the writer that waits for them: its readers have
/// changed nothing. A dead writer's lock goes on as any lock does, to a writer or to a reader.
#[derive(Debug)]
pub struct ProcessRwLock {
    writer: ProcessLock,
    /// Where the writer waits for the readers to leave.
    left: EventCount,
    cells: Cells,
}

impl RawRwLock for ProcessRwLock {
    const NEW: Self = Self { writer: ProcessLock::NEW, left: EventCount::new(), cells: Cells::NEW };

    #[inline]
    fn try_read(&self) -> Option<(Health, u32)> {
        self.try_count_in().or_else(|| self.read_queued(Patience::Now))
    }

    #[inline]
    fn read(&self, deadline: Deadline) -> Option<(Health, u32)> {
        self.try_count_in().or_else(|| self.read_queued(Patience::Until(deadline)))
    }

    #[inline]
    fn unlock_read(&self, ticket: u32) {
        let mine = self.cells.at(ticket as usize);
        // A forked child has a copy of its parent's guard, but that is not its cell.
        if process_of(mine.load(Ordering::Relaxed)) == self.cells.me() {
            self.count_out(mine);
        }
    }

    fn try_write(&self) -> Option<Health> {
        self.acquire_write(Patience::Now)
    }

    #[inline]
    fn write(&self, deadline: Deadline) -> Option<Health> {
        self.acquire_write(Patience::Until(deadline))
    }

    #[inline]
    fn unlock_write(&self) {
        self.writer.unlock();
    }

    fn poison(&self) {
        self.writer.poison();
    }

    fn health(&self) -> Health {
        self.writer.health()
    }

    fn health_exclusive(&mut self) -> Health {
        self.writer.health_exclusive()
    }

    fn clear_poison(&self) {
        self.writer.clear_poison();
    }
}

impl ProcessRwLock {
    /// Counts a reader in if no writer is there.
    #[inline]
    fn try_count_in(&self) -> Option<(Health, u32)> {
        let index = self.count_in();
        // SeqCst: after the count; pairs with the fence in `drain`.
        if self.writer.is_free() {
            return Some((self.writer.health(), index as u32));
        }
        self.count_out(self.cells.at(index));
        None
    }

    /// Counts a reader in, and says in which cell. (Two threads may find a cell for their process
    /// at the same time, so it may have several.)
    #[inline]
    fn count_in(&self) -> usize {
        let me = self.cells.me();
        loop {
            let Some(index) = self.cells.find(me, |cell| count_of(cell) == 0) else {
                if self.clear_the_dead() {
                    continue;
                }
                too_many_holders();
            };
            let mine = self.cells.at(index);
            let seen = mine.load(Ordering::Relaxed);
            let count = if process_of(seen) == me { count_of(seen) } else { 0 };
            if count != count_of(seen) {
                // Somebody else was faster to take this cell.
                continue;
            }
            // SeqCst: before the look at the writer's lock; pairs with the fence in `drain`.
            let counted = cell(me, count + 1);
            if mine.compare_exchange(seen, counted, Ordering::SeqCst, Ordering::Relaxed).is_ok() {
                return index;
            }
        }
    }

    #[inline]
    fn count_out(&self, mine: &AtomicU64) {
        // SeqCst: before the look at the writer's lock, pairs with the fence in `drain`; and as a
        // Release with the Acquire there, so that the writer comes after what was read.
        mine.fetch_sub(1, Ordering::SeqCst);
        if !self.writer.is_free() {
            self.left.notify_all();
        }
    }

    /// Counts a reader in that has the writer's lock for a moment.
    #[cold]
    fn read_queued(&self, patience: Patience) -> Option<(Health, u32)> {
        if !self.writer.acquire_unsigned(patience) {
            return None;
        }
        let unlock = Unlock(&self.writer);
        let health = self.writer.health();
        let index = self.count_in();
        drop(unlock);
        Some((health, index as u32))
    }

    #[inline]
    fn acquire_write(&self, patience: Patience) -> Option<Health> {
        if !self.writer.acquire_unsigned(patience) {
            return None;
        }
        // If the witness panics.
        let unlock = Unlock(&self.writer);
        if !self.drain(patience) {
            return None;
        }
        core::mem::forget(unlock);
        // Only now is a death worth a report: there was no writing before.
        self.writer.sign_now();
        Some(self.writer.health())
    }

    /// Waits until there are no readers; `false` if that took too long.
    #[inline]
    fn drain(&self, patience: Patience) -> bool {
        // SeqCst: after the writer's lock was taken, before the look at the cells; pairs with the
        // readers' SeqCst steps.
        fence(Ordering::SeqCst);
        self.is_drained() || self.drain_slowly(patience)
    }

    fn is_drained(&self) -> bool {
        // Acquire pairs with the step in `count_out`.
        self.cells.iter().all(|cell| count_of(cell.load(Ordering::Acquire)) == 0)
    }

    #[cold]
    fn drain_slowly(&self, patience: Patience) -> bool {
        let deadline = patience.deadline();
        let deaths = Deaths::around(core::ptr::from_ref(self).addr());
        loop {
            let heard = deaths.listen();
            self.clear_the_dead();
            let key = self.left.listen();
            if self.is_drained() {
                return true;
            }
            if deadline.passed() {
                return false;
            }
            // A reader may leave, or its process die.
            deaths.wait(heard, self.left.word(), key.expected(), deadline);
        }
    }

    /// Strikes out the readers of dead processes; `true` if there were any.
    #[cold]
    fn clear_the_dead(&self) -> bool {
        let dead = |(theirs, seen): (&AtomicU64, u64)| {
            theirs.compare_exchange(seen, 0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        };
        self.cells.of_the_dead(|cell| count_of(cell) > 0).map(dead).filter(|&done| done).count() > 0
    }
}

struct Unlock<'a>(&'a ProcessLock);

impl Drop for Unlock<'_> {
    fn drop(&mut self) {
        self.0.unlock();
    }
}
