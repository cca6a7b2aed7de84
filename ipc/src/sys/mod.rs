//! What this crate asks of the operating system. One folder a system; each provides, under the
//! same names:
//!
//! | name | contract |
//! |---|---|
//! | `descriptor::{Descriptor, AsDescriptor}` | what a thread can sleep on, borrowed |
//! | `memory::{Memory, Map}` | memory that processes share, and the same as it is mapped here |
//! | `memory::create(size)` | sparse memory of a size that cannot change, all zero, which no program that is started inherits |
//! | `memory::largest()` | the largest size this process may ask for |
//! | `memory::map(memory, size)` | the whole of it, shared and writable, left out of core dumps |
//! | `memory::name(memory)` | the number that a word in it is known by to those who sleep on it, if it takes one |
//! | `memory::commit(map, range)` | the range can be used, also by the system itself, which does not touch other pages |
//! | `memory::keep_from_forks(map)` | a forked child does not have it |
//! | `memory::discard(memory, map, range)` | what is in a range is of no use any more, and the system may have its memory |
//! | `memory::GIVES_BACK` | whether it takes that at once, so that the range has none and reads as zero |
//! | `memory::touched(memory, map, range)` | the parts of a range that have memory |
//! | `memory::is_touched(memory, map, range)` | whether any part of a range has memory |
//! | `life::hold(memory, byte)` | marks this process as living until its last thread can no longer write, or it execs |
//! | `life::is_held(memory, byte, pid)` | whether that process holds the mark |
//! | `life::Sentinel` | a reference to one process, whose descriptor is ready when it has ended |
//! | `life::Doorbell` | a descriptor that another thread of this process makes ready |
//! | `line::{Line, Ours, Theirs}` | from who starts a process to that process: a greeting with the heap's memory, and an answer |
//! | `line::{arrived, take, answer}` | the line that this process was started with |
//! | `names::{create, attach, …}` | memory that unrelated programs find by a name |
//! | `names::random()` | 128 bits that nobody else has |
//! | `stream::{Socket, send, recv, shutdown}` | bytes of a connected stream, without waiting and without a signal |
//! | `stream::{tcp, connect_at}` | where streams come from |
//! | `stream::{Local, connect_unnamed}` | streams at a path, and under a name that is gone with who listens |
//! | `readiness::{readable, writable}` | sleeps until one of some descriptors is |
//! | `epoll::Epoll` | a descriptor that is ready when one of many others is |
//! | `image::main()` | where the program's own image lies in memory, and its build id |
//! | `streams::fill()` | what is printed without having such a stream reaches nobody |
//! | `processor::current()` | the number of the processor that the thread is on |
//! | `processor::count()` | how many the machine has |
//! | `fork::{watch, forked}` | whether this process is the child of a plain fork |
//!
//! What only one system has stands there as well, as methods: how a child comes by its end of the line
//! (`Invitation`), and what can be waited for besides (`Source`).

pub(crate) mod access;
pub(crate) mod copy;
mod fnv;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use linux::{
    descriptor, epoll, fork, image, life, line, memory, names, processor, readiness, socket,
    stream, streams,
};
#[cfg(target_os = "macos")]
pub(crate) use macos::{
    descriptor, epoll, fork, image, life, line, memory, names, processor, readiness, socket,
    stream, streams,
};

#[cfg(windows)]
pub(crate) use windows::{
    descriptor, epoll, fork, image, life, line, memory, names, processor, readiness, stream,
    streams,
};

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
compile_error!(
    "ipc has a body for Linux, macOS and Windows only so far: the heap needs a sparse shared memory object, the \
     life marks a lock that ends with the process. PLATFORM.md says what other systems offer for each."
);
