//! One process makes items, another takes them: until a `None`, and until the queue is closed.

use ipc::{Queue, Receiver, Sender};
use proc_spawn::{Failure, Process};

const ITEMS: u64 = 1000;

fn produce_until_none(items: Sender<Option<u64>>) -> Result<(), Failure> {
    for item in 1..=ITEMS {
        items.send(Some(item))?;
    }
    Ok(items.send(None)?)
}

fn consume_until_none(items: Receiver<Option<u64>>) -> Result<u64, Failure> {
    let mut sum = 0;
    while let Some(item) = items.recv()? {
        sum += item;
    }
    Ok(sum)
}

fn produce_and_close(queue: Queue<u64>) -> Result<(), Failure> {
    for item in 1..=ITEMS {
        queue.put(item)?;
    }
    queue.close();
    Ok(())
}

fn consume_until_closed(queue: Queue<u64>) -> u64 {
    queue.iter().sum()
}

#[proc_spawn::main]
fn main() -> Result<(), Failure> {
    // Halves: should one process die, the other is told, because nobody else has its half.
    let (sender, receiver) = Queue::bounded(16)?.split();
    let producer = Process::spawn(produce_until_none, sender)?;
    let consumer = Process::spawn(consume_until_none, receiver)?;
    producer.join()??;
    let sum = consumer.join()??;
    println!("until a sentinel: {ITEMS} items, their sum is {sum}");

    let queue = Queue::bounded(16)?;
    let producer = Process::spawn(produce_and_close, queue.clone())?;
    let consumer = Process::spawn(consume_until_closed, queue)?;
    producer.join()??;
    let closed = consumer.join()?;
    println!("until the queue is closed: {ITEMS} items, their sum is {closed}");

    let expected = ITEMS * (ITEMS + 1) / 2;
    if (sum, closed) != (expected, expected) {
        return Err(Failure::new(format!("the sums should be {expected}")));
    }
    Ok(())
}
