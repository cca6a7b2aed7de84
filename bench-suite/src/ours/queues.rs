//! `Queue`.

use std::time::Instant;

use ipc::{Queue, Sender, Shared};
use proc_spawn::{Join, Spawn};
use sync_prims::process::Event;

use crate::measure::{Outcome, Round, Rounds, Task};
use crate::workload::producer_consumer::{CAPACITY, Item, Tally};

/// From a process or a thread to this one.
pub(crate) fn messages<W: Spawn + 'static>(_: &Task) -> Outcome<Rounds> {
    Ok(Box::new(|amount| {
        let queue = Queue::bounded(CAPACITY)?;
        let gate = Shared::new(Event::new())?;
        let (reached, step) = ipc::channel(1)?;
        let producer = W::spawn(produce, (queue.clone(), gate.clone(), reached, amount))?;
        step.recv()?;

        let start = Instant::now();
        gate.set();
        let mut tally = Tally::default();
        while let Some(item) = queue.get()? {
            tally.add(&item);
        }
        let round = Round::since(start, tally.answer());
        producer.join()?;
        Ok(round)
    }))
}

fn produce(queue: Queue<Option<Item>>, gate: Shared<Event>, reached: Sender<()>, amount: u64) {
    // Without a consumer there is nothing to do.
    if reached.send(()).is_ok() {
        gate.wait();
        let _ = Item::stream(amount).try_for_each(|item| queue.put(item));
    }
}
