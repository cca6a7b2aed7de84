//! The crate crossbeam-channel.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crossbeam_channel::bounded;

use crate::measure::{Outcome, Round, Rounds, Task};
use crate::way::{Ask, Carry};
use crate::workload::large_array::{self, FILL, look};
use crate::workload::participants::{self, SIZE};
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

/// A thread that echoes.
pub fn ask() -> Outcome<Ask> {
    let ((to, from_us), (to_us, from)) = (bounded(1), bounded(1));
    thread::spawn(move || from_us.iter().try_for_each(|number| to_us.send(number)));
    Ok(Box::new(move |number| {
        to.send(number)?;
        Ok(from.recv()?)
    }))
}

/// Bytes to a thread: nothing but a new vector for each message.
pub fn carry(size: usize) -> Outcome<Carry> {
    let (messages, from_us) = bounded::<Option<Vec<u8>>>(16);
    let (to_us, arrived) = bounded(1);
    thread::spawn(move || {
        let mut whole: u64 = 0;
        for message in from_us {
            match message {
                Some(message) => whole += u64::from(message.len() == size),
                None if to_us.send(std::mem::take(&mut whole)).is_err() => return,
                None => {}
            }
        }
    });
    Ok(Box::new(move |times| {
        for _ in 0..times {
            messages.send(Some(vec![7; size]))?;
        }
        messages.send(None)?;
        Ok(arrived.recv()?)
    }))
}

/// Messages from some threads to others.
pub(crate) fn crowd(task: &Task) -> Outcome<Rounds> {
    let (senders, receivers) = participants::crowd(task);
    let (to, from) = bounded::<[u8; SIZE]>(participants::CAPACITY);
    let (arrived, arrivals) = bounded(receivers as usize);
    let (mut send, mut recv) = (Vec::new(), Vec::new());
    for _ in 0..senders {
        let (order, orders) = bounded::<u64>(1);
        let to = to.clone();
        thread::spawn(move || {
            orders.iter().try_for_each(|count| (0..count).try_for_each(|_| to.send([7; SIZE])))
        });
        send.push(order);
    }
    for _ in 0..receivers {
        let (order, orders) = bounded::<u64>(1);
        let (from, arrived) = (from.clone(), arrived.clone());
        thread::spawn(move || {
            orders.iter().try_for_each(|count| {
                let whole = (0..count).filter(|_| from.recv().is_ok_and(|one| one[0] == 7));
                arrived.send(whole.count() as u64)
            })
        });
        recv.push(order);
    }
    Ok(participants::rounds(move |count| {
        recv.iter().try_for_each(|order| order.send(count / receivers))?;
        send.iter().try_for_each(|order| order.send(count / senders))?;
        (0..receivers).map(|_| Ok(arrivals.recv()?)).sum()
    }))
}

/// A pointer to the array is sent.
pub(crate) fn large(task: &Task) -> Outcome<Rounds> {
    let array: Arc<[u8]> = vec![FILL; task.point()? as usize].into();
    let ((to, from_us), (to_us, from)) = (bounded::<Arc<[u8]>>(1), bounded(1));
    thread::spawn(move || from_us.iter().try_for_each(|array| to_us.send(look(&array))));
    large_array::rounds(task, move || {
        to.send(Arc::clone(&array))?;
        Ok(from.recv()?)
    })
}
