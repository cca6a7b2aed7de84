//! One word that a worker and the supervisor share: which chunks the worker has begun, and which it
//! is not to begin, or not to go on with.
//!
//! ```text
//! bit p        the chunk in place p was begun          set by the worker
//! bit 32 + p   the chunk in place p was taken back     set by the supervisor
//! ```
//!
//! A chunk has a place from its dispatch to its last report. Both set their bit and see the other's in one step,
//! so that they agree on which was first. Nothing else is handed over by the word: what a chunk
//! consists of comes with its message, and that the worker is gone is said by the kernel. So Relaxed
//! is enough.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use ipc::Shared;
use serde::{Deserialize, Serialize};

/// How many chunks a worker can have before it.
pub(super) const PLACES: usize = 32;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Control(Shared<AtomicU64>);

fn begun(place: u8) -> u64 {
    1 << place
}

fn taken_back(place: u8) -> u64 {
    1 << (u32::from(place) + PLACES as u32)
}

impl Control {
    pub(super) fn new() -> io::Result<Control> {
        Shared::new(AtomicU64::new(0)).map(Control)
    }

    /// The supervisor is about to send the chunk.
    pub(super) fn clear(&self, place: u8) {
        self.0.fetch_and(!(begun(place) | taken_back(place)), Relaxed);
    }

    /// The worker begins the chunk, or must not.
    pub(super) fn begin(&self, place: u8) -> bool {
        self.0.fetch_or(begun(place), Relaxed) & taken_back(place) == 0
    }

    /// The supervisor takes the chunk back. Says whether the worker has nothing to do with it: if it
    /// has begun, it goes on until it looks.
    pub(super) fn take_back(&self, place: u8) -> bool {
        self.0.fetch_or(taken_back(place), Relaxed) & begun(place) == 0
    }

    pub(super) fn has_begun(&self, place: u8) -> bool {
        self.0.load(Relaxed) & begun(place) != 0
    }

    pub(super) fn is_taken_back(&self, place: u8) -> bool {
        self.0.load(Relaxed) & taken_back(place) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::{Control, PLACES};

    #[test]
    fn whoever_comes_first_has_the_chunk() {
        let control = Control::new().expect("shared memory");
        for place in 0..PLACES as u8 {
            assert!(control.begin(place));
            assert!(!control.take_back(place), "it was begun");
            assert!(control.is_taken_back(place), "but is to stop");
            control.clear(place);
            assert!(control.take_back(place));
            assert!(!control.begin(place), "it was taken back");
        }
    }

    #[test]
    fn places_do_not_disturb_each_other() {
        let control = Control::new().expect("shared memory");
        control.begin(0);
        control.take_back(31);
        assert!(!control.has_begun(31) && !control.is_taken_back(0));
        control.clear(31);
        assert!(control.has_begun(0) && !control.is_taken_back(31));
    }
}
