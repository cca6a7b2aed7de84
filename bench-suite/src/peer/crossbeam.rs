//! The crate crossbeam-channel.

use std::thread;
use std::time::Instant;

use crossbeam_channel::bounded;

use crate::measure::{Outcome, Round, Rounds, Task};
use crate::workload::producer_consumer::{CAPACITY, Item, Tally};

pub(crate) fn messages(_: &Task) -> Outcome<Rounds> {
    Ok(Box::new(|amount| {
        let (sender, receiver) = bounded(CAPACITY);
        let (go, gone) = bounded(1);
        let producer = thread::spawn(move || {
            // Without a consumer there is nothing to do.
            let _ = gone.recv();
            let _ = Item::stream(amount).try_for_each(|item| sender.send(item));
        });
        let start = Instant::now();
        go.send(())?;
        let mut tally = Tally::default();
        while let Some(item) = receiver.recv()? {
            tally.add(&item);
        }
        let round = Round::since(start, tally.answer());
        producer.join().map_err(|_| "the producer panicked")?;
        Ok(round)
    }))
}
