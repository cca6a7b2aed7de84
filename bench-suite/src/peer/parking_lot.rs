//! The crate parking_lot.

use ::parking_lot::Mutex;

use crate::measure::{Outcome, Rounds, Task};
use crate::workload::counter;

pub(crate) fn counter(_: &Task) -> Outcome<Rounds> {
    Ok(Box::new(|amount| {
        let counter = Mutex::new(0);
        counter::with_threads(amount, || *counter.lock() += 1, || *counter.lock())
    }))
}
