//! What the suite and its peers ask of the operating system. One folder a system; each provides,
//! under the same names:
//!
//! | name | contract |
//! |---|---|
//! | `group::lead(command)` | makes what is started the first of a group of processes |
//! | `group::kill(child)` | ends the whole group of a child, and gives how the child ended |
//! | `group::end()` | ends this process with the group that it leads |
//! | `group::kill_one(process)` | ends one process, given its id |
//! | `group::has_ended(child, patience)` | whether a child has ended, waiting so long for it |
//! | `group::crashed(status)` | whether that is how a process ends that used memory it has not |
//! | `memory::of_family()` | how much this process and its descendants have, without the text of programs |
//! | `crash::now()` | uses memory that the process has not |
//! | `futex::make` | two threads that wake each other by nothing else |
//! | `pthread::{lock, counter}` | that mutex, measured |
//! | `pthread::PthreadMutex` | the mutex that C programs share between processes |
//! | `socket::{make, produce}` | the peer that sends items through a socket |
//! | `streams::{ask_…, carry_…, pair, large, last_sender}` | the system's pipes and sockets between two processes |

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub(crate) use linux::{crash, futex, group, memory, pthread, socket, streams};

#[cfg(not(target_os = "linux"))]
compile_error!(
    "bench-suite has a body for Linux only so far, as has what it measures: it needs groups of \
     processes that can be killed as one, and a wait for a process with a limit."
);
