//! A large array that another is to read.

use crate::measure::{Outcome, Round, Rounds, Scale, Task};
use crate::ours::large;
use crate::peer::{crossbeam, servo, sys::socket};
use crate::workload::axis::{Axis, Unit};
use crate::workload::contender::{Contender, Family, How, Measure, Size, Work, Workload};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "large_array",
    title: "What it costs to share a large array",
    about: "An array is here, and another process, or thread where it says so, has to read it. Timed is until it \
            has read a byte of each page and said their sum. What is in shared memory is not copied: a handle is \
            sent. ipc-channel and Python map the array anew each time; ours is mapped already from the second \
            time on, as all shared memory of this workspace is one mapping for the life of the process. A moved \
            one comes back before the next round.",
    measure: Measure::SecondsEach,
    axis: Some(Axis { title: "size", unit: Unit::Bytes, points: sizes }),
    work: Work {
        size: Size { full: 1, quick: 1, tiny: 1, adapts: true },
        expected: |amount| amount,
        is_fact: false,
        patience: None,
    },
    needs_pages: false,
    contenders: &[
        Contender::new(
            Family::Ours,
            "shared",
            "ipc::Shared<[u8]>, a handle is sent",
            How::Rust(large::shared),
        ),
        Contender::new(
            Family::Ours,
            "owned",
            "ipc::Owned<[u8]>, moved there and back",
            How::Rust(large::owned),
        ),
        Contender::new(Family::Ours, "pipe", "ipc::pipe, copied", How::Rust(large::through_pipe)),
        Contender::new(
            Family::Ours,
            "queue",
            "ipc::Queue, copied",
            How::Rust(large::through_queue),
        ),
        Contender::new(
            Family::Rust,
            "unix_socket",
            "Unix socket, copied",
            How::Rust(socket::large),
        ),
        Contender::new(
            Family::Rust,
            "ipc_channel",
            "ipc-channel, IpcSharedMemory",
            How::Rust(servo::large),
        ),
        Contender::new(
            Family::Rust,
            "threads",
            "2 threads, Arc<[u8]> through crossbeam_channel",
            How::Rust(crossbeam::large),
        ),
        Contender::new(
            Family::Python,
            "python_shared_memory",
            "Python, SharedMemory, attached by name",
            How::Python("large_array.py"),
        ),
        Contender::new(
            Family::Python,
            "python_pipe",
            "Python, multiprocessing.Pipe, copied",
            How::Python("large_array.py"),
        ),
        Contender::new(
            Family::Python,
            "python_queue",
            "Python, multiprocessing.Queue, copied",
            How::Python("large_array.py"),
        ),
    ],
};

fn sizes(scale: Scale, _: usize) -> Vec<u64> {
    match scale {
        Scale::Full => (16..=28).step_by(4).map(|power| 1 << power).collect(),
        Scale::Quick => vec![1 << 20, 64 << 20],
        Scale::Tiny => vec![64 << 10],
    }
}

/// What the array is full of.
pub(crate) const FILL: u8 = 7;
/// Memory is mapped by pages of this size, in bytes.
const PAGE: usize = 4096;

/// The sum of a byte of each page.
pub(crate) fn look(array: &[u8]) -> u64 {
    array.iter().step_by(PAGE).copied().map(u64::from).sum()
}

/// Rounds in which an array of the task's size is given to another so often, who says what it saw.
pub(crate) fn rounds(
    task: &Task,
    mut give: impl FnMut() -> Outcome<u64> + 'static,
) -> Outcome<Rounds> {
    let sum = task.point()?.div_ceil(PAGE as u64) * u64::from(FILL);
    Ok(Box::new(move |amount| {
        Round::timed(|| {
            let mut right = 0;
            for _ in 0..amount {
                right += u64::from(give()? == sum);
            }
            Ok(right)
        })
    }))
}
