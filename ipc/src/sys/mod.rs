//! What this crate asks of the operating system. One folder a system; each provides, under the
//! same names:
//!
//! | name | contract |
//! |---|---|
//! | `memory::create(size)` | a sparse, sealed shared memory object of `size` bytes, all zero, close-on-exec |
//! | `memory::largest()` | the largest size this process may ask for |
//! | `memory::map(fd, size)` | the whole of it, shared and writable, left out of core dumps |
//! | `memory::keep_from_forks(map)` | a forked child does not have it |
//! | `memory::discard(fd, offset, len)` | gives the pages of a range back; it reads as zero afterwards |
//! | `memory::touched(fd, range)` | the parts of a range that have memory |
//! | `memory::is_touched(fd, range)` | whether any part of a range has memory |
//! | `life::hold(fd, byte)` | marks this process as living until its last thread can no longer write, or it execs |
//! | `life::holder(fd, byte)` | the process id that holds the mark, if one does |
//! | `life::Pidfd` | a reference to one process that becomes readable when it has ended |
//! | `life::Doorbell` | a descriptor that another thread of this process makes ready |
//! | `socket::{pair, send, recv, peek}` | datagrams that keep their borders and may carry one descriptor |
//! | `stream::{send, recv}` | bytes of a connected stream, without waiting and without a signal |
//! | `stream::{connect_unix, keep_alive, shutdown}` | the rest of what a stream needs |
//! | `stream::{listen_unnamed, connect_unnamed}` | a stream under a name that is gone with who listens |
//! | `stream::lock_directory(fd)` | one process at a time, until the descriptor is closed |
//! | `readiness::{readable, writable}` | sleeps until one of some descriptors is |
//! | `epoll::Epoll` | a descriptor that is ready when one of many others is |
//! | `handover::{inherited, take}` | the line to the parent that a child was started with |
//! | `handover::replace(line)` | the same for the child of a fork, in place of its parent's |
//! | `image::main()` | where the program's own image lies in memory, and its build id |
//! | `streams::fill()` | what is printed without having such a stream reaches nobody |
//! | `namespace::pid()` | which process-id namespace this process is in |
//! | `processor::current()` | the number of the processor that the thread is on |
//! | `processor::count()` | how many the machine has |
//! | `fork::{watch, forked}` | whether this process is the child of a plain fork |
//! | `fork::settle()` | it is a process of its own from now on |

pub(crate) mod copy;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub(crate) use linux::{
    epoll, fork, handover, image, life, memory, names, namespace, processor, readiness, socket,
    stream, streams,
};

#[cfg(not(target_os = "linux"))]
compile_error!(
    "ipc has a body for Linux only so far: the heap needs a sparse shared memory object, the life \
     marks a lock that ends with the process. PLATFORM.md says what other systems offer for each."
);
