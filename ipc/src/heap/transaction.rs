//! All-or-nothing changes to the heap's bookkeeping.
//!
//! A redo log in the manner of a database's (Mohan et al., "ARIES", 1992, reduced to one
//! transaction at a time): the changes are collected privately, written to the journal, made valid
//! by one store, carried out, and the journal is cleared. Who dies before the one store has changed
//! nothing; who dies after it has the rest carried out by whoever takes the lock next. Carrying out
//! twice is the same as once.

use std::sync::atomic::{AtomicU64, Ordering};

use sync_prims::raw::RobustGuard;

use super::layout::{JOURNAL_CAPACITY, header};
use super::map::Heap;

/// Marks a journal entry that gives the signal at its offset, instead of storing a word.
const WAKE: u64 = 1 << 63;

/// Holds the heap's lock. Reads see the transaction's own changes; dropped without
/// [`commit`](Transaction::commit), nothing has happened.
pub(super) struct Transaction<'h> {
    heap: &'h Heap,
    changes: [(u64, u64); JOURNAL_CAPACITY],
    len: usize,
    _lock: RobustGuard<'h>,
}

impl<'h> Transaction<'h> {
    pub(super) fn begin(heap: &'h Heap) -> Transaction<'h> {
        let lock = heap.lock();
        // Not only when the lock says that its owner died: one load is cheap, and then the journal
        // alone decides.
        if heap.load(header::JOURNAL_LEN) != 0 {
            carry_out(heap);
        }
        Transaction { heap, changes: [(0, 0); JOURNAL_CAPACITY], len: 0, _lock: lock }
    }

    pub(super) fn heap(&self) -> &'h Heap {
        self.heap
    }

    pub(super) fn read(&self, offset: u64) -> u64 {
        let changed = self.changes[..self.len].iter().find(|(at, _)| *at == offset);
        changed.map_or_else(|| self.heap.load(offset), |(_, value)| *value)
    }

    pub(super) fn write(&mut self, offset: u64, value: u64) {
        let changed = self.changes[..self.len].iter_mut().find(|(at, _)| *at == offset);
        if let Some((_, old)) = changed {
            *old = value;
        } else {
            self.push(offset, value);
        }
    }

    pub(super) fn update(&mut self, offset: u64, change: impl FnOnce(u64) -> u64) {
        let value = change(self.read(offset));
        self.write(offset, value);
    }

    /// Wakes everybody who waits for the signal at `offset`, once the changes are in place;
    /// part of the transaction, so that a death cannot lose it.
    pub(super) fn wake(&mut self, offset: u64) {
        self.push(offset | WAKE, 0);
    }

    fn push(&mut self, at: u64, value: u64) {
        self.changes[self.len] = (at, value);
        self.len += 1;
    }

    pub(super) fn commit(self) {
        for (index, (at, value)) in self.changes[..self.len].iter().enumerate() {
            let [entry, content] = entry(self.heap, index);
            entry.store(*at, Ordering::Relaxed);
            content.store(*value, Ordering::Relaxed);
        }
        // Release: the entries above are visible to whoever finds the journal valid; it loads the
        // length with Acquire in `begin`.
        self.heap.word(header::JOURNAL_LEN).store(self.len as u64, Ordering::Release);
        carry_out(self.heap);
    }
}

/// Carries out what the journal says and clears it. An entry that leads elsewhere than to the
/// bookkeeping, or a journal that is longer than one can be, is nobody's change.
fn carry_out(heap: &Heap) {
    let len = heap.load(header::JOURNAL_LEN);
    let entries = if len <= JOURNAL_CAPACITY as u64 { 0..len as usize } else { 0..0 };
    for index in entries {
        let [at, value] = entry(heap, index).map(|word| word.load(Ordering::Relaxed));
        if at & WAKE == 0 {
            if let Some(word) = heap.named_word(at) {
                // Release pairs with the Acquire of `Heap::load`, for readers without the lock.
                word.store(value, Ordering::Release);
            }
        } else if let Some(signal) = heap.named_signal(at & !WAKE) {
            // Whoever sleeps, even if a notifier died after it had taken their mark away.
            signal.notify_after_death(heap);
        }
    }
    // Release: everything above is done before the journal reads as empty (Acquire in `begin`).
    heap.word(header::JOURNAL_LEN).store(0, Ordering::Release);
}

fn entry(heap: &Heap, index: usize) -> [&AtomicU64; 2] {
    let at = header::JOURNAL + index as u64 * 16;
    [heap.word(at), heap.word(at + 8)]
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::{Transaction, WAKE};
    use crate::heap::layout::header;
    use crate::heap::map::Heap;

    /// A word that nothing else uses in a heap without objects.
    const WORD: u64 = header::FREE_OBJECTS;

    #[test]
    fn a_transaction_reads_its_own_changes_and_leaves_none_without_commit() {
        let heap = Heap::create().expect("a heap");
        let mut tx = Transaction::begin(&heap);
        tx.write(WORD, 1);
        tx.update(WORD, |value| value + 1);
        assert_eq!((tx.read(WORD), heap.load(WORD)), (2, 0));
        drop(tx);
        assert_eq!(Transaction::begin(&heap).read(WORD), 0);
    }

    #[test]
    fn what_a_dead_committer_left_in_the_journal_is_carried_out_by_the_next() {
        let heap = Heap::create().expect("a heap");
        // As after a death between the store that makes the journal valid and the first change.
        let signal = heap.layout.blocks() | WAKE;
        let entries = [(WORD, 7), (WORD + 8, 8), (signal, 0)];
        for (index, (at, value)) in entries.into_iter().enumerate() {
            let entry = header::JOURNAL + index as u64 * 16;
            heap.word(entry).store(at, Ordering::Relaxed);
            heap.word(entry + 8).store(value, Ordering::Relaxed);
        }
        heap.word(header::JOURNAL_LEN).store(3, Ordering::Relaxed);

        let tx = Transaction::begin(&heap);
        assert_eq!((tx.read(WORD), tx.read(WORD + 8)), (7, 8));
        drop(tx);
        assert_eq!(heap.load(header::JOURNAL_LEN), 0);
    }
}
