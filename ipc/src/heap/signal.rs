//! Signals: what those who wait at a ring are woken by, be it at that ring alone or at many.

use std::sync::atomic::{AtomicU64, Ordering, fence};

use crossbeam_utils::CachePadded;
use sync_prims::raw::EventCount;

use super::layout::{BELLS_ROOM, ProcessId};
use super::map::Heap;

/// What one side of a ring sleeps on: an event count for those who wait at this ring alone, and the
/// bells of the processes that wait at this and other places in one call.
///
/// A *bell* is an event count of the program that many signals ring. To wait at many rings, a thread
/// listens to its process's bell, enters the bell at each ring's signal, looks at each ring, and
/// sleeps on the bell. Whoever gives the signal strikes out the bells it finds there and rings them.
///
/// An entry is made before the mark on the event count that makes notifiers look for entries, so
/// a notifier that sees no mark costs what it costs without bells. Whoever sees the mark sees the
/// entry, or another has struck it out since and rings. Who dies in between has its sweep ring all
/// bells, as has who dies before its notice.
///
/// All-zero bytes are a new signal.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Signal {
    sleepers: EventCount,
    _0: [u8; 4],
    /// One bit for each bell to be rung.
    bells: AtomicU64,
}

/// As many as there are bits in [`Signal::bells`]. Processes whose places differ by a multiple of this
/// share one, and wake now and then for each other's messages.
const COUNT: usize = 64;

/// The program's bells.
#[repr(transparent)]
pub(super) struct Bells([CachePadded<EventCount>; COUNT]);

const _: () = assert!(size_of::<Signal>() == 16 && size_of::<Bells>() as u64 <= BELLS_ROOM);

impl Signal {
    /// What those sleep on who wait for this signal alone.
    pub(crate) fn sleepers(&self) -> &EventCount {
        &self.sleepers
    }

    /// Wakes up to `count` of those who wait for this signal alone, and all others.
    #[inline]
    pub(crate) fn notify(&self, heap: &Heap, count: u32) {
        if self.sleepers.notify(count) {
            self.ring(heap);
        }
    }

    /// As [`notify`](Self::notify), of what a sequentially consistent fence of the caller's separates from this.
    #[inline]
    pub(crate) fn notify_fenced(&self, heap: &Heap, count: u32) {
        if self.sleepers.notify_fenced(count) {
            self.ring(heap);
        }
    }

    /// Whether [`notify_fenced`](Self::notify_fenced) would do anything.
    #[inline]
    pub(crate) fn may_have_sleepers(&self) -> bool {
        self.sleepers.may_have_sleepers()
    }

    /// Wakes everybody, even if nothing says that anybody sleeps; see [`EventCount`].
    pub(crate) fn notify_after_death(&self, heap: &Heap) {
        self.sleepers.notify_after_death();
        self.ring(heap);
    }

    #[cold]
    fn ring(&self, heap: &Heap) {
        // Acquire pairs with the mark in `enter` that the event count has seen: the entry shows, too.
        fence(Ordering::Acquire);
        if self.bells.load(Ordering::Relaxed) == 0 {
            return;
        }
        // AcqRel pairs with the entry in `enter`: who made it, or makes one after this, sees the change
        // that this is the notice of.
        let mut bells = self.bells.swap(0, Ordering::AcqRel);
        while bells != 0 {
            heap.bells().0[bells.trailing_zeros() as usize].notify_all();
            bells &= bells - 1;
        }
    }

    /// Has the bell of `process` rung by the next notice. Look at the condition after this, and only
    /// then sleep, with a key that was made before this.
    pub(crate) fn enter(&self, process: ProcessId) {
        // AcqRel: pairs with `ring`, see there.
        self.bells.fetch_or(1 << bell_of(process), Ordering::AcqRel);
        let _ = self.sleepers.listen();
    }
}

fn bell_of(process: ProcessId) -> usize {
    process.slot() as usize % COUNT
}

impl Heap {
    /// What a thread of `process` sleeps on that waits for several signals.
    pub(crate) fn bell(&self, process: ProcessId) -> &EventCount {
        &self.bells().0[bell_of(process)]
    }

    /// Has everybody who waits for several signals look again.
    pub(crate) fn ring_all_bells(&self) {
        // Most were never listened to, and a notice is a system call.
        let bells = self.bells().0.iter().filter(|bell| !bell.is_untouched());
        bells.for_each(|bell| bell.notify_after_death());
    }
}
