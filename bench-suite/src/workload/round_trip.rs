//! A number there and back.

use crate::way;
use crate::workload::contender::{Contender, Family, How, Measure, Size, Work, Workload};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "round_trip",
    title: "Latency: a number there and back",
    about: "Eight bytes go to another process, or thread where it says so, which sends them back. The time \
            of each round trip is taken; median is the middle of them, p99 is what 99 of 100 do not exceed. \
            Pipes and sockets go both ways between two; queues and channels go one way between any \
            number, so there are two of them.",
    measure: Measure::SecondsEach,
    axis: None,
    work: Work {
        size: Size { full: 100, quick: 100, tiny: 10, adapts: true },
        expected: |amount| amount,
        is_fact: false,
        patience: None,
    },
    needs_pages: false,
    contenders: &[
        Contender::new(Family::Ours, "pipe", "ipc::pipe", How::Ask(way::pipe_ask)),
        Contender::new(Family::Ours, "channel", "ipc::channel, two", How::Ask(way::channel_ask)),
        Contender::new(Family::Ours, "queue", "ipc::Queue, two", How::Ask(way::queue_ask)),
        Contender::new(
            Family::Ours,
            "array",
            "ipc::Array and semaphores",
            How::Ask(way::array_ask),
        ),
        Contender::new(Family::Rust, "os_pipe", "pipes of the system", How::Ask(way::os_pipe_ask)),
        Contender::new(Family::Rust, "unix_socket", "Unix socket", How::Ask(way::unix_socket_ask)),
        Contender::new(
            Family::Rust,
            "ipc_channel",
            "ipc-channel, two",
            How::Ask(way::ipc_channel_ask),
        ),
        Contender::new(
            Family::Rust,
            "crossbeam",
            "2 threads, crossbeam_channel, two",
            How::Ask(way::crossbeam_ask),
        ),
        Contender::new(
            Family::Python,
            "python_pipe",
            "Python, multiprocessing.Pipe",
            How::Python("messages.py"),
        ),
        Contender::new(
            Family::Python,
            "python_queue",
            "Python, multiprocessing.Queue, two",
            How::Python("messages.py"),
        ),
    ],
};
