//! The crate parking_lot.

use std::hint::black_box;

use ::parking_lot::{Condvar, Mutex, RwLock};

use crate::measure::{Outcome, Rounds, Task};
use crate::workload::counter;
use crate::workload::primitives::{CONDITION, LOCK, READ, WRITE, alone, with_thread};

pub(crate) fn counter(_: &Task) -> Outcome<Rounds> {
    Ok(Box::new(|amount| {
        let counter = Mutex::new(0);
        counter::with_threads(amount, || *counter.lock() += 1, || *counter.lock())
    }))
}

/// The primitives that there are.
pub(crate) fn primitives(task: &Task) -> Outcome<Rounds> {
    fn take_turn((lock, condition): &(Mutex<bool>, Condvar), mine: bool) {
        let mut turn = lock.lock();
        condition.wait_while(&mut turn, |turn| *turn != mine);
        *turn = !mine;
        condition.notify_one();
    }
    let (lock, rwlock) = (Mutex::new(0u64), RwLock::new(0u64));
    Ok(match task.point()? {
        LOCK => alone(move || *black_box(&lock).lock() += 1),
        READ => alone(move || {
            black_box(*black_box(&rwlock).read());
        }),
        WRITE => alone(move || *black_box(&rwlock).write() += 1),
        CONDITION => with_thread(
            (Mutex::new(false), Condvar::new()),
            |turns| take_turn(turns, false),
            |turns| take_turn(turns, true),
        ),
        _ => return Err("parking_lot has no such primitive".into()),
    })
}
