//! Which calls the workers have chunks of, for those who cancel one.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::control::{Control, PLACES, place};
use crate::call::CallId;

/// What workers have before them, for whoever cancels a call: it takes back what has not begun at once, and does
/// not wait until the supervisor has read of it. The supervisor enters a chunk, asks whether its call has ended and
/// then sends it; who cancels ends the call and then looks here. So one of the two sees the other.
#[derive(Debug, Default)]
pub(super) struct Outstanding(Mutex<Vec<Places>>);

/// Those of one worker.
#[derive(Debug)]
struct Places {
    control: Control,
    /// Of which call the chunk is that had the place last.
    calls: [Option<CallId>; PLACES],
}

impl Outstanding {
    /// There is a worker for the next seat, or another one for that seat.
    pub(super) fn seat(&self, seat: usize, control: Control) {
        let places = Places { control, calls: [None; PLACES] };
        let mut seats = self.lock();
        match seats.get_mut(seat) {
            Some(before) => *before = places,
            None => seats.push(places),
        }
    }

    /// The worker in this seat is about to be sent a chunk of the call.
    pub(super) fn enter(&self, seat: usize, serial: u64, call: CallId) {
        let mut seats = self.lock();
        let Some(Places { control, calls }) = seats.get_mut(seat) else { return };
        // Within the lock: who still takes the chunk for that of the call before it does so no more.
        control.clear(serial);
        calls[place(serial) as usize] = Some(call);
    }

    /// The call has ended: no worker is to begin what it has of it, or to go on with it.
    pub(super) fn take_back(&self, call: CallId) {
        for Places { control, calls } in self.lock().iter() {
            for (place, _) in (0..).zip(calls).filter(|(_, other)| **other == Some(call)) {
                control.take_back(place);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Places>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Outstanding;
    use crate::backend::processes::control::{Control, PLACES};
    use crate::call::CallId;

    const fn call(generation: u64) -> CallId {
        CallId { index: 0, generation }
    }

    #[test]
    fn only_chunks_of_the_call_are_taken_back_from_all_workers() {
        let outstanding = Outstanding::default();
        let controls = [(); 2].map(|()| Control::new().expect("shared memory"));
        for (seat, control) in controls.iter().enumerate() {
            outstanding.seat(seat, control.clone());
            (0..4).for_each(|serial| outstanding.enter(seat, serial, call(serial % 2)));
        }
        outstanding.take_back(call(1));
        for control in &controls {
            assert!([0, 1, 2, 3].map(|serial| control.begin(serial)) == [true, false, true, false]);
        }
    }

    #[test]
    fn the_call_that_had_a_place_before_has_no_say_in_it() {
        let (outstanding, control) =
            (Outstanding::default(), Control::new().expect("shared memory"));
        outstanding.seat(0, control.clone());
        outstanding.enter(0, 3, call(1));
        outstanding.take_back(call(1));
        let next = 3 + PLACES as u64;
        outstanding.enter(0, next, call(2));
        outstanding.take_back(call(1));
        assert!(control.begin(next));
    }
}
