//! Two words that a worker and the supervisor share.
//!
//! The first says which chunks the worker has begun, and which it is not to begin, or not to go on with:
//!
//! ```text
//! bit p        the chunk in place p was begun          set by the worker
//! bit 32 + p   the chunk in place p was taken back     set by the supervisor, or whoever cancels its call
//! ```
//!
//! The second says which item the worker began last, and whether it may begin another:
//!
//! ```text
//! bit 63       halt                                    set and cleared by the supervisor
//! bits 39..63  the chunk's serial number               \ set by the worker as it begins an item,
//! bits 0..39   the item's number in the chunk, from 1  / in one step, and not after a halt
//! ```
//!
//! A chunk has a place from its dispatch to its last report. Each side changes its bits and sees the
//! other's in one step, so that they agree on which was first: after a halt the supervisor knows what
//! the worker is doing and that it will do nothing else, and can kill it without hitting
//! another item. Nothing else is handed over by the words: what a chunk consists of comes with its
//! message, and that the worker is gone is said by the kernel. So Relaxed is enough.

use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use ipc::Shared;
use serde::{Deserialize, Serialize};

/// How many chunks a worker can have before it.
pub(super) const PLACES: usize = 32;

const HALT: u64 = 1 << 63;
const SERIALS: u64 = 1 << 24;
const ITEM_BITS: u32 = 39;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Control(Shared<[AtomicU64; 2]>);

/// Names an item among those that were sent to a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Begun(u64);

impl Begun {
    /// The item of that number, from 0, in the chunk of that number.
    pub(super) fn item(serial: u64, index: usize) -> Begun {
        Begun((serial % SERIALS) << ITEM_BITS | (index as u64 + 1) & ((1 << ITEM_BITS) - 1))
    }
}

impl Begun {
    /// Which item it is, if it is one of the chunk of that number.
    pub(super) fn index_in(self, serial: u64) -> Option<usize> {
        let index = (self.0 & ((1 << ITEM_BITS) - 1)).checked_sub(1)? as usize;
        (Begun::item(serial, index) == self).then_some(index)
    }
}

/// Where a chunk of that number has its bits.
pub(super) fn place(serial: u64) -> u32 {
    (serial % PLACES as u64) as u32
}

fn begun(serial: u64) -> u64 {
    1 << place(serial)
}

fn taken_back(serial: u64) -> u64 {
    1 << (place(serial) + PLACES as u32)
}

impl Control {
    pub(super) fn new() -> io::Result<Control> {
        Shared::new([const { AtomicU64::new(0) }; 2]).map(Control)
    }

    fn chunks(&self) -> &AtomicU64 {
        &self.0[0]
    }

    fn last(&self) -> &AtomicU64 {
        &self.0[1]
    }

    /// The supervisor is about to send the chunk.
    pub(super) fn clear(&self, serial: u64) {
        self.chunks().fetch_and(!(begun(serial) | taken_back(serial)), Relaxed);
    }

    /// The worker begins the chunk, or must not.
    pub(super) fn begin(&self, serial: u64) -> bool {
        let is_wanted =
            |chunks| (chunks & taken_back(serial) == 0).then_some(chunks | begun(serial));
        self.chunks().fetch_update(Relaxed, Relaxed, is_wanted).is_ok()
    }

    /// The chunk is taken back, which may be done again. Says whether the worker has nothing to do with it: if
    /// it has begun, it goes on until it looks.
    pub(super) fn take_back(&self, serial: u64) -> bool {
        self.chunks().fetch_or(taken_back(serial), Relaxed) & begun(serial) == 0
    }

    pub(super) fn is_taken_back(&self, serial: u64) -> bool {
        self.chunks().load(Relaxed) & taken_back(serial) != 0
    }

    /// The item that the worker began last.
    pub(super) fn last_begun(&self) -> Begun {
        Begun(self.last().load(Relaxed) & !HALT)
    }

    /// From now on the worker begins nothing. The item that it began last.
    pub(super) fn halt(&self) -> Begun {
        Begun(self.last().fetch_or(HALT, Relaxed) & !HALT)
    }

    /// The worker may go on, if it has not noticed.
    pub(super) fn resume(&self) {
        self.last().fetch_and(!HALT, Relaxed);
    }
}

/// The worker's pen for the second word.
#[derive(Debug)]
pub(super) struct Beginner {
    control: Control,
    /// What it wrote last.
    last: Cell<u64>,
}

impl Beginner {
    pub(super) fn new(control: Control) -> Beginner {
        Beginner { control, last: Cell::new(0) }
    }

    /// The worker begins the item, or must not and is to end.
    pub(super) fn begin(&self, Begun(item): Begun) -> bool {
        let before = self.last.replace(item);
        self.control.last().compare_exchange(before, item, Relaxed, Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{Beginner, Begun, Control, PLACES};

    #[test]
    fn whoever_comes_first_has_the_chunk() {
        let control = Control::new().expect("shared memory");
        for serial in 0..3 * PLACES as u64 {
            control.clear(serial);
            assert!(control.begin(serial));
            assert!(!control.take_back(serial), "it was begun");
            assert!(control.is_taken_back(serial), "but is to stop");
            control.clear(serial);
            assert!(control.take_back(serial));
            assert!(!control.begin(serial), "it was taken back");
            assert!(control.take_back(serial), "it was not begun");
        }
    }

    #[test]
    fn places_do_not_disturb_each_other() {
        let control = Control::new().expect("shared memory");
        control.begin(0);
        control.take_back(31);
        assert!(!control.is_taken_back(0) && control.is_taken_back(31));
        control.clear(31);
        assert!(!control.take_back(0) && !control.is_taken_back(31));
    }

    #[test]
    fn after_a_halt_nothing_is_begun() {
        let control = Control::new().expect("shared memory");
        let worker = Beginner::new(control.clone());
        assert!(worker.begin(Begun::item(7, 0)) && worker.begin(Begun::item(7, 1)));
        assert_eq!(control.last_begun(), Begun::item(7, 1));
        assert_eq!(control.halt(), Begun::item(7, 1));
        assert!(!worker.begin(Begun::item(7, 2)));
        assert_eq!(control.last_begun(), Begun::item(7, 1), "this was the last");
    }

    #[test]
    fn a_halt_that_nobody_noticed_is_undone() {
        let control = Control::new().expect("shared memory");
        let worker = Beginner::new(control.clone());
        assert!(worker.begin(Begun::item(1, 0)));
        control.halt();
        control.resume();
        assert!(worker.begin(Begun::item(1, 1)));
    }

    #[test]
    fn no_item_is_taken_for_another() {
        let items = [(0, 0), (0, 1), (1, 0), (31, 0), (32, 0), (33, 5), (1 << 23, 0)];
        for (n, a) in items.iter().enumerate() {
            for (m, b) in items.iter().enumerate() {
                assert_eq!(Begun::item(a.0, a.1) == Begun::item(b.0, b.1), n == m);
                assert_eq!(Begun::item(a.0, a.1).index_in(b.0), (a.0 == b.0).then_some(a.1));
            }
        }
        assert_ne!(Begun::item(0, 0), Begun(0), "nothing was begun");
    }
}
