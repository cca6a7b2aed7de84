//! `Lock` in both scopes.

use std::time::Instant;

use ipc::{Sender, Shared};
use proc_spawn::{Join, Spawn};
use sync_prims::{process, thread};

use crate::measure::{Outcome, Round, Rounds, Task};
use crate::workload::counter::{self, ADDERS};

type Counter = Shared<process::Lock<u64>>;
type Gate = Shared<process::Event>;

/// A lock in shared memory, on processes or on threads.
pub(crate) fn shared<W: Spawn + 'static>(_: &Task) -> Outcome<Rounds> {
    Ok(Box::new(|amount| {
        let counter: Counter = Shared::new(process::Lock::new(0))?;
        let gate: Gate = Shared::new(process::Event::new())?;
        let (reached, steps) = ipc::channel(2 * ADDERS as usize)?;
        let times = amount / ADDERS;
        let start = || W::spawn(add, (counter.clone(), gate.clone(), reached.clone(), times));
        let adders = (0..ADDERS).map(|_| start()).collect::<Result<Vec<_>, _>>()?;
        // From here on only the adders can say anything: if they die, nobody waits for them.
        drop(reached);
        for _ in 0..ADDERS {
            steps.recv()?;
        }
        let start = Instant::now();
        gate.set();
        for _ in 0..ADDERS {
            steps.recv()?;
        }
        let mut round = Round::since(start, 0);
        for adder in adders {
            adder.join()?;
        }
        round.answer = *counter.lock().map_err(|poisoned| poisoned.cause())?;
        Ok(round)
    }))
}

/// Adds one so many times when it is let go; says when it is there and when it is done.
fn add(counter: Counter, gate: Gate, reached: Sender<()>, times: u64) {
    // Without a parent there is nobody to count for.
    if reached.send(()).is_err() {
        return;
    }
    gate.wait();
    for _ in 0..times {
        *counter.lock().expect("no adder dies or panics with the lock") += 1;
    }
    let _ = reached.send(());
}

/// A lock for threads alone.
pub(crate) fn private(_: &Task) -> Outcome<Rounds> {
    Ok(Box::new(|amount| {
        let counter = thread::Lock::new(0);
        let lock = || counter.lock().expect("no adder panics with the lock");
        counter::with_threads(amount, || *lock() += 1, || *lock())
    }))
}
