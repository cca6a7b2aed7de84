//! Which linked locks each thread of this process holds, for whoever wants to unmap memory.
//!
//! The robust list itself can be walked by its own thread only. So every thread also notes the
//! addresses of the locks it links in a record that any thread may read. Records are never
//! freed; a thread that ends leaves its record to the next one, unless it leaves guards behind
//! that were forgotten: the kernel has yet to write to those locks, so they count for ever.
#![expect(unsafe_code, reason = "records are leaked and linked by pointer")]

use core::ops::Range;
use core::ptr;

use crate::futex::robust;
use crate::primitive::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

/// Room for the locks of nearly every thread. One that holds more at a time gets room for all that it can hold.
const LISTED: usize = 32;
const BEYOND: usize = robust::MAX_LINKED as usize - LISTED;

#[derive(Debug)]
pub(crate) struct Record {
    /// Written by the owning thread only. An entry never moves, so that a reader cannot miss
    /// one that stays.
    locks: [AtomicUsize; LISTED],
    /// At least 1; every entry from here on is empty.
    end: AtomicUsize,
    /// The room for more, once there is any; never freed.
    beyond: AtomicPtr<[AtomicUsize; BEYOND]>,
    /// How many locks are noted there.
    more: AtomicUsize,
    in_use: AtomicBool,
    next: AtomicPtr<Record>,
}

static RECORDS: AtomicPtr<Record> = AtomicPtr::new(ptr::null_mut());

impl Record {
    /// A record for the calling thread.
    #[cold]
    pub(crate) fn claim() -> &'static Record {
        for record in records() {
            // Acquire pairs with the Release in `leave`: the last thread's entries are gone.
            if !record.in_use.load(Ordering::Relaxed)
                && !record.in_use.swap(true, Ordering::Acquire)
            {
                return record;
            }
        }
        let record: &'static Record = Box::leak(Box::new(Record {
            locks: [const { AtomicUsize::new(0) }; LISTED],
            end: AtomicUsize::new(1),
            beyond: AtomicPtr::new(ptr::null_mut()),
            more: AtomicUsize::new(0),
            in_use: AtomicBool::new(true),
            next: AtomicPtr::new(ptr::null_mut()),
        }));
        let mut first = RECORDS.load(Ordering::Relaxed);
        loop {
            record.next.store(first, Ordering::Relaxed);
            let new = ptr::from_ref(record).cast_mut();
            // Release pairs with the Acquire in `records`.
            match RECORDS.compare_exchange_weak(first, new, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return record,
                Err(now) => first = now,
            }
        }
    }

    /// To be called before anything is on record with the kernel: it may allocate.
    ///
    /// # Panics
    ///
    /// If the calling thread holds as many locks as the system can look after.
    #[inline]
    pub(crate) fn ensure_room(&self) {
        if self.end.load(Ordering::Relaxed) == LISTED {
            self.ensure_room_beyond();
        }
    }

    #[cold]
    fn ensure_room_beyond(&self) {
        if self.more.load(Ordering::Relaxed) >= BEYOND {
            too_many();
        }
        if self.beyond().is_empty() {
            let room = Box::leak(Box::new([const { AtomicUsize::new(0) }; BEYOND]));
            // Release pairs with the Acquire in `beyond`.
            self.beyond.store(room, Ordering::Release);
        }
    }

    fn beyond(&self) -> &[AtomicUsize] {
        // Acquire pairs with the Release in `ensure_room_beyond`.
        let room = self.beyond.load(Ordering::Acquire);
        // SAFETY: null, or leaked.
        unsafe { room.as_ref() }.map_or(&[], |room| room)
    }

    /// Notes a lock that the calling thread is about to link.
    #[inline]
    pub(crate) fn add(&self, address: usize) {
        // Most threads hold one lock at a time, which is then the first.
        if self.locks[0].load(Ordering::Relaxed) == 0 {
            self.locks[0].store(address, Ordering::Relaxed);
        } else {
            self.add_another(address);
        }
    }

    fn add_another(&self, address: usize) {
        let end = self.end.load(Ordering::Relaxed);
        if end < LISTED {
            self.locks[end].store(address, Ordering::Relaxed);
            self.end.store(end + 1, Ordering::Relaxed);
        } else {
            self.add_beyond(address);
        }
    }

    #[cold]
    fn add_beyond(&self, address: usize) {
        if let Some(lock) = place_of(0, &self.locks) {
            lock.store(address, Ordering::Relaxed);
        } else if let Some(lock) = place_of(0, self.beyond()) {
            lock.store(address, Ordering::Relaxed);
            self.more.store(self.more.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
    }

    /// Strikes out a lock that the calling thread has unlinked.
    #[inline]
    pub(crate) fn remove(&self, address: usize) {
        if self.locks[0].load(Ordering::Relaxed) == address {
            self.locks[0].store(0, Ordering::Relaxed);
        } else {
            self.remove_another(address);
        }
    }

    fn remove_another(&self, address: usize) {
        let end = self.end.load(Ordering::Relaxed);
        if end > 1 && self.locks[end - 1].load(Ordering::Relaxed) == address {
            self.locks[end - 1].store(0, Ordering::Relaxed);
            self.end.store(end - 1, Ordering::Relaxed);
            if end > 2 && self.locks[end - 2].load(Ordering::Relaxed) == 0 {
                self.find_end();
            }
        } else {
            self.remove_out_of_turn(address);
        }
    }

    #[cold]
    fn find_end(&self) {
        let used = |lock: &AtomicUsize| lock.load(Ordering::Relaxed) != 0;
        let end = self.locks.iter().rposition(used).map_or(1, |last| (last + 1).max(1));
        self.end.store(end, Ordering::Relaxed);
    }

    #[cold]
    fn remove_out_of_turn(&self, address: usize) {
        if let Some(lock) = place_of(address, &self.locks) {
            lock.store(0, Ordering::Relaxed);
            self.find_end();
        } else if let Some(lock) = place_of(address, self.beyond()) {
            lock.store(0, Ordering::Relaxed);
            self.more.store(self.more.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
        }
    }

    /// Gives the record back when its thread ends; `false` if the thread still holds a lock.
    pub(crate) fn leave(&self) -> bool {
        let empty = self.locks.iter().all(|lock| lock.load(Ordering::Relaxed) == 0)
            && self.more.load(Ordering::Relaxed) == 0;
        if empty {
            // Release pairs with the Acquire in `claim`.
            self.in_use.store(false, Ordering::Release);
        }
        empty
    }

    fn holds_in(&self, range: &Range<usize>) -> bool {
        let is_inside = |lock: &AtomicUsize| {
            let address = lock.load(Ordering::Relaxed);
            address != 0 && range.contains(&address)
        };
        self.locks.iter().any(is_inside)
            || (self.more.load(Ordering::Relaxed) != 0 && self.beyond().iter().any(is_inside))
    }
}

/// Where that address is noted, or with 0 where one can be.
fn place_of(address: usize, locks: &[AtomicUsize]) -> Option<&AtomicUsize> {
    locks.iter().find(|lock| lock.load(Ordering::Relaxed) == address)
}

#[cold]
pub(crate) fn too_many() -> ! {
    panic!(
        "this thread holds {} process-scope locks, and the system can recover no more than that \
         from a dead thread",
        robust::MAX_LINKED
    );
}

/// Whether any thread of this process may hold a linked lock in `range`.
pub(crate) fn held_in(range: &Range<usize>) -> bool {
    records().any(|record| record.holds_in(range))
}

/// In a forked child: the locks were the parent's, and only this one thread is left.
pub(crate) fn forget_all(mine: Option<&Record>) {
    for record in records() {
        let beyond = if record.more.load(Ordering::Relaxed) == 0 { &[] } else { record.beyond() };
        for lock in record.locks.iter().chain(beyond) {
            lock.store(0, Ordering::Relaxed);
        }
        record.end.store(1, Ordering::Relaxed);
        record.more.store(0, Ordering::Relaxed);
        record.in_use.store(mine.is_some_and(|mine| ptr::eq(mine, record)), Ordering::Relaxed);
    }
}

fn records() -> impl Iterator<Item = &'static Record> {
    // Acquire pairs with the Release in `claim`.
    let mut at = RECORDS.load(Ordering::Acquire);
    core::iter::from_fn(move || {
        // SAFETY: null or a leaked record.
        let record = unsafe { at.as_ref() }?;
        at = record.next.load(Ordering::Relaxed);
        Some(record)
    })
}

#[cfg(test)]
mod tests {
    use super::{Ordering, Record};

    #[test]
    fn a_lock_is_found_until_it_is_removed_whatever_the_order() {
        let record = Record::claim();
        let base = 0x7000_0000_0000;
        let addresses: Vec<usize> = (0..40).map(|i| base + i * 64).collect();
        let held = |address: usize| record.holds_in(&(address..address + 1));
        for &address in &addresses {
            record.ensure_room();
            record.add(address);
        }
        assert!(addresses.iter().all(|&address| held(address)) && !record.holds_in(&(1..2)));
        for &address in addresses.iter().step_by(2).chain(addresses.iter().skip(1).step_by(2)) {
            assert!(held(address));
            record.remove(address);
            assert!(!held(address));
        }
        assert!(!record.holds_in(&(base..base + 4096)));
        assert_eq!(record.end.load(Ordering::Relaxed), 1);
        record.add(base);
        assert!(record.holds_in(&(base..base + 1)));
        assert!(!record.holds_in(&(base + 1..base + 4096)));
        assert!(!record.leave());
        record.remove(base);
        assert!(record.leave());
    }
}
