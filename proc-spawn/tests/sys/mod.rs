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
    ABORT, ABORT_TEXT, FOREIGN, METHODS, NULL, exists, is_given, make_another_build,
};
#[cfg(target_os = "macos")]
pub(crate) use macos::{
    ABORT, ABORT_TEXT, FOREIGN, METHODS, NULL, exists, is_given, make_another_build,
};
#[cfg(windows)]
pub(crate) use windows::{
    ABORT, ABORT_TEXT, FOREIGN, METHODS, NULL, exists, is_given, make_another_build,
};
