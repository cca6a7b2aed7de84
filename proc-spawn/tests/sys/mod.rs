//! What differs between systems, as the tests see it.
//!
//! | name | contract |
//! |---|---|
//! | `ABORT` | what stands for the signal of a process that has aborted |
//! | `ABORT_TEXT` | what is said of it |
//! | `METHODS` | the ways to start a process |
//! | `NULL` | a file that is always empty |
//! | `FOREIGN` | a program that is none of this crate's, and ends |
//! | `exists(id)` | whether that process, a child or grandchild of this one, is there |
//! | `is_given(name)` | whether every process has that variable, be it told so or not |
//! | `all_children()` | the children of this process that it has not reaped, fork servers included; not on macOS |
//! | `members(name, value)` | at least the processes that have this variable so, of this program; not on macOS |
//! | `kill(id)` | ends a process, if it is there; not on macOS |
//! | `shown()` | what others can read of this process: its command line and its variables |
//! | `make_another_build(image)` | changes the bytes of a program so that they are those of another build |
#![allow(dead_code, unused_imports, reason = "no suite needs all of it")]

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use linux::{
    ABORT, ABORT_TEXT, FOREIGN, METHODS, NULL, all_children, exists, is_given, kill,
    make_another_build, members, shown,
};
#[cfg(target_os = "macos")]
pub(crate) use macos::{
    ABORT, ABORT_TEXT, FOREIGN, METHODS, NULL, exists, is_given, make_another_build, shown,
};
#[cfg(windows)]
pub(crate) use windows::{
    ABORT, ABORT_TEXT, FOREIGN, METHODS, NULL, all_children, exists, is_given, kill,
    make_another_build, members, shown,
};
