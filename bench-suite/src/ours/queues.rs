//! `Queue` and `channel`.

use std::time::Instant;

use ipc::{Queue, Receiver, Sender, Shared, channel};
use proc_spawn::{Join, Process, Spawn};
use serde_bytes::{ByteArray, ByteBuf};
use sync_prims::process::Event;

use crate::measure::{Outcome, Round, Rounds, Task};
use crate::way::{Ask, Carry};
use crate::workload::participants::{self, SIZE};
use crate::workload::producer_consumer::{CAPACITY, Item, Tally};

/// From a process or a thread to this one.
pub(crate) fn messages<W: Spawn + 'static>(_: &Task) -> Outcome<Rounds> {
    Ok(Box::new(|amount| {
        let queue = Queue::bounded(CAPACITY)?;
        let gate = Shared::new(Event::new())?;
        let (reached, step) = channel(1)?;
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

/// How many large messages may be on their way.
const FEW: usize = 16;

fn echo_queue(from: Queue<u64>, to: Queue<u64>) {
    while let Ok(number) = from.get() {
        if to.put(number).is_err() {
            return;
        }
    }
}

/// A process that echoes through two queues.
pub fn ask_queue() -> Outcome<Ask> {
    let (to, from) = (Queue::bounded(1)?, Queue::bounded(1)?);
    Process::builder().daemon(true).spawn(echo_queue, (to.clone(), from.clone()))?.detach();
    Ok(Box::new(move |number| {
        to.put(number)?;
        Ok(from.get()?)
    }))
}

fn echo_channel(from: Receiver<u64>, to: Sender<u64>) {
    while let Ok(number) = from.recv() {
        if to.send(number).is_err() {
            return;
        }
    }
}

/// A process that echoes through two channels.
pub fn ask_channel() -> Outcome<Ask> {
    let ((to, from_us), (to_us, from)) = (channel(1)?, channel(1)?);
    Process::builder().daemon(true).spawn(echo_channel, (from_us, to_us))?.detach();
    Ok(Box::new(move |number| {
        to.send(number)?;
        Ok(from.recv()?)
    }))
}

/// Takes as many messages as it is told, and answers how many were whole.
fn sink_queue(messages: Queue<ByteBuf>, counts: Receiver<u64>, to: Sender<u64>, size: usize) {
    for count in counts.iter() {
        let messages = (0..count).filter(|_| messages.get().is_ok_and(|one| one.len() == size));
        if to.send(messages.count() as u64).is_err() {
            return;
        }
    }
}

/// Bytes to a process, through a queue.
pub fn carry_queue(size: usize) -> Outcome<Carry> {
    let messages = Queue::bounded(FEW)?;
    let ((count, counts), (to_us, arrived)) = (channel(1)?, channel(1)?);
    let sink = (messages.clone(), counts, to_us, size);
    Process::builder().daemon(true).spawn(sink_queue, sink)?.detach();
    Ok(Box::new(move |times| {
        count.send(times)?;
        for _ in 0..times {
            messages.put(ByteBuf::from(vec![7; size]))?;
        }
        Ok(arrived.recv()?)
    }))
}

fn sink_channel(from: Receiver<ByteBuf>, counts: Receiver<u64>, to: Sender<u64>, size: usize) {
    for count in counts.iter() {
        let messages = (0..count).filter(|_| from.recv().is_ok_and(|one| one.len() == size));
        if to.send(messages.count() as u64).is_err() {
            return;
        }
    }
}

/// Bytes to a process, through a channel.
pub fn carry_channel(size: usize) -> Outcome<Carry> {
    let (messages, from_us) = channel(FEW)?;
    let ((count, counts), (to_us, arrived)) = (channel(1)?, channel(1)?);
    let sink = (from_us, counts, to_us, size);
    Process::builder().daemon(true).spawn(sink_channel, sink)?.detach();
    Ok(Box::new(move |times| {
        count.send(times)?;
        for _ in 0..times {
            messages.send(ByteBuf::from(vec![7; size]))?;
        }
        Ok(arrived.recv()?)
    }))
}

/// A small message: bytes as they are, as Python's are. What serde makes of a type is not the queue's doing.
type Small = ByteArray<SIZE>;

fn send_small(to: Sender<Small>, orders: Receiver<u64>) {
    for count in orders.iter() {
        if (0..count).try_for_each(|_| to.send(Small::new([7; SIZE]))).is_err() {
            return;
        }
    }
}

fn recv_small(from: Receiver<Small>, orders: Receiver<u64>, arrived: Sender<u64>) {
    for count in orders.iter() {
        let whole = (0..count).filter(|_| from.recv().is_ok_and(|one| one[0] == 7)).count();
        if arrived.send(whole as u64).is_err() {
            return;
        }
    }
}

/// Messages from some processes to others.
pub(crate) fn crowd(task: &Task) -> Outcome<Rounds> {
    let (senders, receivers) = participants::crowd(task);
    let (to, from) = channel(participants::CAPACITY)?;
    let (arrived, arrivals) = channel(receivers as usize)?;
    let (mut send, mut recv) = (Vec::new(), Vec::new());
    for _ in 0..senders {
        let (order, orders) = channel(1)?;
        Process::builder().daemon(true).spawn(send_small, (to.clone(), orders))?.detach();
        send.push(order);
    }
    for _ in 0..receivers {
        let (order, orders) = channel(1)?;
        let args = (from.clone(), orders, arrived.clone());
        Process::builder().daemon(true).spawn(recv_small, args)?.detach();
        recv.push(order);
    }
    Ok(participants::rounds(move |count| {
        recv.iter().try_for_each(|order| order.send(count / receivers))?;
        send.iter().try_for_each(|order| order.send(count / senders))?;
        (0..receivers).map(|_| Ok(arrivals.recv()?)).sum()
    }))
}
