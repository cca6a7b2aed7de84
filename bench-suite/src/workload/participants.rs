//! Messages between more than two, and both ways.

use crate::measure::{Outcome, Round, Rounds, Scale, Task};
use crate::ours::{pipes, queues};
use crate::peer::{crossbeam, servo, standard, sys::socket};
use crate::workload::axis::{Axis, Unit};
use crate::workload::contender::{Contender, Family, How, Measure, Size, Work, Workload};

/// The size of a message in bytes.
pub(crate) const SIZE: usize = 48;
/// As many messages a queue holds.
pub(crate) const CAPACITY: usize = 1024;
/// How many there are where there are many.
const MANY: u64 = 4;

/// Who sends to whom: the names of the columns.
const CROWDS: [&str; 5] = ["1 to 1", "both ways", "4 to 1", "1 to 4", "4 to 4"];
const ONE_WAY: u64 = 0;
pub(crate) const BOTH_WAYS: u64 = 1;
const TO_ONE: u64 = 2;
const FROM_ONE: u64 = 3;
const MANY_TO_MANY: u64 = 4;

pub(crate) const WORKLOAD: Workload = Workload {
    name: "participants",
    title: "Messages by who takes part, and in which direction",
    about: "48 bytes each, from processes to others, or threads where it says so. Queues hold 1,024 where that \
            can be set. Both ways: two send to each other at once, and the messages of one direction count. \
            A way that does not connect so many has no figure.",
    measure: Measure::PerSecond,
    axis: Some(Axis { title: "from", unit: Unit::Names(&CROWDS), points }),
    work: Work {
        size: Size { full: 2_000, quick: 2_000, tiny: 200, adapts: true },
        expected: whole,
        is_fact: false,
        patience: None,
    },
    needs_pages: false,
    contenders: &[
        Contender::new(
            Family::Ours,
            "queue",
            "ipc::Queue and ipc::channel",
            How::Rust(queues::crowd),
        )
        .only(&[ONE_WAY, TO_ONE, FROM_ONE, MANY_TO_MANY]),
        Contender::new(Family::Ours, "pipe", "ipc::pipe", How::Rust(pipes::pair))
            .only(&[ONE_WAY, BOTH_WAYS]),
        Contender::new(Family::Rust, "unix_socket", "Unix socket", How::Rust(socket::pair))
            .only(&[ONE_WAY, BOTH_WAYS]),
        Contender::new(Family::Rust, "ipc_channel", "ipc-channel", How::Rust(servo::crowd))
            .only(&[ONE_WAY, TO_ONE]),
        Contender::new(
            Family::Rust,
            "crossbeam",
            "threads, crossbeam_channel::bounded",
            How::Rust(crossbeam::crowd),
        )
        .only(&[ONE_WAY, TO_ONE, FROM_ONE, MANY_TO_MANY]),
        Contender::new(
            Family::Rust,
            "std_mpsc",
            "threads, std::sync::mpsc::sync_channel",
            How::Rust(standard::crowd),
        )
        .only(&[ONE_WAY, TO_ONE]),
        Contender::new(
            Family::Python,
            "python_pipe_pair",
            "Python, multiprocessing.Pipe, send_bytes",
            How::Python("messages.py"),
        )
        .only(&[ONE_WAY, BOTH_WAYS]),
        Contender::new(
            Family::Python,
            "python_queue_crowd",
            "Python, multiprocessing.Queue",
            How::Python("messages.py"),
        )
        .only(&[ONE_WAY, TO_ONE, FROM_ONE, MANY_TO_MANY]),
    ],
};

fn points(_: Scale, _: usize) -> Vec<u64> {
    (0..CROWDS.len() as u64).collect()
}

/// As many of these messages as every crowd can share out.
fn whole(amount: u64) -> u64 {
    amount / MANY * MANY
}

/// How many send and how many receive.
pub(crate) fn crowd(task: &Task) -> (u64, u64) {
    let point = task.point.unwrap_or(ONE_WAY);
    let many = |is_many| if is_many { MANY } else { 1 };
    (many(matches!(point, TO_ONE | MANY_TO_MANY)), many(matches!(point, FROM_ONE | MANY_TO_MANY)))
}

/// Rounds in which so many messages are sent; `send` gives how many arrived.
pub(crate) fn rounds(mut send: impl FnMut(u64) -> Outcome<u64> + 'static) -> Rounds {
    Box::new(move |amount| Round::timed(|| send(whole(amount))))
}
