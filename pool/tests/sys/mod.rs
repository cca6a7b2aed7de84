//! What differs between systems, as the tests see it.
//!
//! | name | contract |
//! |---|---|
//! | `where_a_fork_server_can_be` | a macro: these items, on systems that can copy a process |

#[cfg(target_os = "linux")]
mod linux;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use linux::where_a_fork_server_can_be;
#[cfg(windows)]
pub(crate) use windows::where_a_fork_server_can_be;
