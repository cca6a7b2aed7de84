//! What the tests need of each system.
//!
//! * `map() -> *mut u8`: `SIZE` zero bytes, shared with the children of the test; aligned to a page.
//! * `Lives`: the witness of that memory.
//! * `thread_id() -> u64`, `until_asleep(u64)`: returns when that thread sleeps in the kernel.
//! * `child`: children made by `fork`, where there is one.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub use linux::{die_with_parent, thread_id, until_asleep};
#[cfg(target_os = "macos")]
pub use macos::{die_with_parent, thread_id, until_asleep};
#[cfg(unix)]
pub use unix::{Lives, SIZE, child, map};
#[cfg(windows)]
pub use windows::{Lives, SIZE, map, start, thread_id, until_asleep};
