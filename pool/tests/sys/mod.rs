//! What differs between systems, as the tests see it.
//!
//! | name | contract |
//! |---|---|
//! | `where_a_fork_server_can_be` | a macro: these items, on systems that can copy a process |
//! | `HANG` | nothing that waits for a task waits longer, with a death and a new worker on the way |
//! | `METHODS` | the ways to start a worker |
//! | `descriptors()` | how many descriptors this process has, or 0 where nobody tells |
//! | `ABORT` | what stands for the signal of a worker that has aborted |
//! | `ABORT_TEXT` | what is said of it |
//! | `CRASH` | what stands for the signal of one that has ended by `crash` |
//! | `MINUS_ONE` | the exit code of one that exits with -1 |
//! | `Door::new()` | what this process needs to start others; to be made before those that it is to start |
//! | `Door::shut()` | takes that away, for as long as the door is there or for good |
//! | `SHUT` | what is said of it by the error of a start |
//! | `crash()` | ends this process as an error in its code does |
//! | `kill(ids)` | ends these processes at once, with the system's own command |
//! | `is_kill((signal, exitcode))` | whether these may be of a process that `kill` has ended |
#![allow(dead_code, unused_imports, unused_macros, reason = "no suite needs all of it")]

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(not(target_os = "linux"))]
mod no_fork_server;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use linux::{
    ABORT, ABORT_TEXT, CRASH, Door, HANG, METHODS, MINUS_ONE, SHUT, crash, descriptors, is_kill,
    kill, where_a_fork_server_can_be,
};
#[cfg(target_os = "macos")]
pub(crate) use macos::{
    ABORT, ABORT_TEXT, CRASH, Door, HANG, METHODS, MINUS_ONE, SHUT, crash, descriptors, is_kill,
    kill, where_a_fork_server_can_be,
};
#[cfg(windows)]
pub(crate) use windows::{
    ABORT, ABORT_TEXT, CRASH, Door, HANG, METHODS, MINUS_ONE, SHUT, crash, descriptors, is_kill,
    kill, where_a_fork_server_can_be,
};
