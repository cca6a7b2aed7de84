//! Messages of all sizes.

use crate::measure::Scale;
use crate::way;
use crate::workload::axis::{Axis, Unit};
use crate::workload::contender::{Contender, Family, How, Measure, Size, Work, Workload};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "throughput",
    title: "Throughput by the size of a message",
    about: "Plain bytes from one to another process, or thread where it says so; timed is from the first \
            message to the word that the last one is there. memcpy within one process is the least that one \
            copy costs; a thread gets a new vector without one. Queues and channels hold 16 messages; those of \
            this workspace, and crossbeam's, get a new vector that is filled for each message, while pipes, \
            sockets, ipc-channel, iceoryx2 and Python send the same bytes again. iceoryx2 copies them into a sample \
            and out of it again, and holds 1 MiB of them as a pipe does, from 2 to 1,024; both of its ends spin. \
            A message through the array is two copies and two wake-ups.",
    measure: Measure::BytesPerSecond,
    axis: Some(Axis { title: "size", unit: Unit::Bytes, points: sizes }),
    work: Work {
        size: Size { full: 1, quick: 1, tiny: 2, adapts: true },
        expected: |amount| amount,
        is_fact: false,
        patience: None,
    },
    needs_pages: false,
    contenders: &[
        Contender::new(Family::Baseline, "memcpy", "memcpy", How::Carry(way::memory_carry)),
        Contender::new(Family::Ours, "pipe", "ipc::pipe", How::Carry(way::pipe_carry)),
        Contender::new(Family::Ours, "channel", "ipc::channel", How::Carry(way::channel_carry)),
        Contender::new(Family::Ours, "queue", "ipc::Queue", How::Carry(way::queue_carry)),
        Contender::new(
            Family::Ours,
            "array",
            "ipc::Array and semaphores",
            How::Carry(way::array_carry),
        ),
        Contender::new(
            Family::Rust,
            "os_pipe",
            "pipe of the system",
            How::Carry(way::os_pipe_carry),
        ),
        Contender::new(
            Family::Rust,
            "unix_socket",
            "Unix socket",
            How::Carry(way::unix_socket_carry),
        ),
        Contender::new(
            Family::Rust,
            "ipc_channel",
            "ipc-channel, bytes_channel",
            How::Carry(way::ipc_channel_carry),
        ),
        Contender::new(
            Family::Rust,
            "iceoryx2",
            "iceoryx2, publish and subscribe",
            How::Carry(way::iceoryx2_carry),
        ),
        Contender::new(
            Family::Rust,
            "crossbeam",
            "2 threads, crossbeam_channel",
            How::Carry(way::crossbeam_carry),
        ),
        Contender::new(
            Family::Python,
            "python_pipe_bytes",
            "Python, multiprocessing.Pipe, send_bytes",
            How::Python("messages.py"),
        ),
        Contender::new(
            Family::Python,
            "python_queue_bytes",
            "Python, multiprocessing.Queue",
            How::Python("messages.py"),
        ),
    ],
};

fn sizes(scale: Scale, _: usize) -> Vec<u64> {
    match scale {
        Scale::Full => (6..=26).step_by(4).map(|power| 1 << power).collect(),
        Scale::Quick => vec![64, 4 << 10, 1 << 20, 64 << 20],
        Scale::Tiny => vec![64, 64 << 10],
    }
}
