//! What the suite and its peers ask of the operating system. One folder a system; each provides,
//! under the same names:
//!
//! | name | contract |
//! |---|---|
//! | `group::Group` | a process with whatever it starts: start it, see whether it has ended, kill all |
//! | `group::end()` | ends this process with the group that it leads |
//! | `group::kill_one(process)` | ends one process, given its id |
//! | `group::crashed(status)` | whether that is how a process ends that used memory it has not |
//! | `memory::of_family()` | how much this process and its descendants have, without the text of programs |
//! | `crash::now()` | uses memory that the process has not |
//! | `crash::is_of_one(signal)` | whether a child that did ends by that |
//! | `stdio::streams()` | the standard input and output without a buffer |
//! | `futex::make` | two threads that wake each other by nothing else |
//! | `pthread::{lock, counter}` | that mutex, measured |
//! | `pthread::PthreadMutex` | the mutex that C programs share between processes |
//! | `socket::{make, produce}` | the peer that sends items through a Unix socket |
//! | `socket::{ask, carry, pair, large, last_sender}` | Unix sockets between two processes |
//! | `end::has_ended(child, patience)` | on Unix, whether a child has ended, waiting so long for it |
//! | `robust::set(kind, robust)` | on Unix, makes mutexes of that kind tell of an owner's death |
//!
//! A peer that a system does not have is `Missing`.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(not(target_os = "linux"))]
pub(crate) mod no_futex;
#[cfg(windows)]
pub(crate) mod no_pthread;
#[cfg(windows)]
pub(crate) mod no_socket;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use linux::{crash, end, futex, group, memory, pthread, robust, socket, stdio};
#[cfg(target_os = "macos")]
pub(crate) use macos::{crash, end, futex, group, memory, pthread, robust, socket, stdio};
#[cfg(windows)]
pub(crate) use windows::{crash, futex, group, memory, pthread, socket, stdio};

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
compile_error!(
    "bench-suite has a body for Linux, macOS and Windows only so far: it needs groups of processes that can be killed as one, \
     and a wait for a process with a limit."
);
