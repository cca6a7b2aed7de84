//! Messages from one to the other.

use proc_spawn::{Process, Thread};
use serde::{Deserialize, Serialize};

use crate::ours::queues;
use crate::peer::{crossbeam, servo, standard, sys};
use crate::workload::contender::{Contender, Family, How, Measure, Size, Work, Workload};

/// How many messages a queue holds, where that can be said.
pub(crate) const CAPACITY: usize = 1024;

pub(crate) const WORKLOAD: Workload = Workload {
    name: "producer_consumer",
    title: "Messages: one produces, one consumes",
    about: "Each message is a number and a text of 32 bytes. Between processes it is encoded and \
            decoded, between threads of Rust it is only moved. Queues hold 1,024 messages where that can be \
            set. Timed is from when the producer is let go to when the consumer has the last; the \
            consumer checks that every message came, in order.",
    measure: Measure::PerSecond,
    axis: None,
    work: Work {
        size: Size { full: 5_000, quick: 2_000, tiny: 200, adapts: true },
        expected: |amount| amount,
        is_fact: false,
        patience: None,
    },
    needs_pages: false,
    contenders: &[
        Contender::new(
            Family::Ours,
            "queue_processes",
            "2 processes, ipc::Queue",
            How::Rust(queues::messages::<Process>),
        ),
        Contender::new(
            Family::Ours,
            "queue_threads",
            "2 threads, ipc::Queue",
            How::Rust(queues::messages::<Thread>),
        ),
        Contender::new(
            Family::Rust,
            "ipc_channel",
            "2 processes, ipc-channel",
            How::Rust(servo::make),
        ),
        Contender::new(
            Family::Rust,
            "unix_socket",
            "2 processes, Unix socket and postcard",
            How::Rust(sys::socket::make),
        ),
        Contender::new(
            Family::Rust,
            "std_mpsc",
            "2 threads, std::sync::mpsc::sync_channel",
            How::Rust(standard::messages),
        ),
        Contender::new(
            Family::Rust,
            "crossbeam_channel",
            "2 threads, crossbeam_channel::bounded",
            How::Rust(crossbeam::messages),
        ),
        Contender::new(
            Family::Python,
            "python_mp_queue",
            "Python, 2 processes, multiprocessing.Queue",
            How::Python("producer_consumer.py"),
        ),
        Contender::new(
            Family::Python,
            "python_queue",
            "Python, 2 threads, queue.Queue",
            How::Python("producer_consumer.py"),
        ),
    ],
};

/// What is sent; `None` after the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    number: u64,
    text: String,
}

impl Item {
    fn new(number: u64) -> Item {
        Item { number, text: format!("{number:032}") }
    }

    /// So many items, and the `None` that ends them.
    pub(crate) fn stream(amount: u64) -> impl Iterator<Item = Option<Item>> {
        (0..amount).map(|number| Some(Item::new(number))).chain([None])
    }
}

/// Counts the items that came as they should.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    received: u64,
}

impl Tally {
    /// An item that is not the next one spoils the count for good.
    pub(crate) fn add(&mut self, item: &Item) {
        if item.number == self.received && item.text.len() == 32 {
            self.received += 1;
        }
    }

    pub(crate) fn answer(self) -> u64 {
        self.received
    }
}

#[cfg(test)]
mod tests {
    use super::{Item, Tally};

    fn tally(items: impl IntoIterator<Item = Item>) -> u64 {
        let mut tally = Tally::default();
        items.into_iter().for_each(|item| tally.add(&item));
        tally.answer()
    }

    #[test]
    fn all_items_in_order_are_counted_and_a_lost_or_swapped_one_is_missed() {
        let items: Vec<Item> = Item::stream(5).flatten().collect();
        assert_eq!(tally(items.clone()), 5);
        let mut lost = items.clone();
        lost.remove(2);
        assert_eq!(tally(lost), 2);
        let mut swapped = items;
        swapped.swap(0, 1);
        assert!(tally(swapped) < 5);
    }
}
