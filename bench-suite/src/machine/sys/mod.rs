//! What the system knows of the machine. One file a system; each provides, under the same names:
//!
//! | name | contract |
//! |---|---|
//! | `system()` | the system's name and version |
//! | `processor()` | the name of the processor |
//! | `memory()` | how much memory there is, in bytes |
//! | `load()` | the load average of the last minute, if there is one |
//! | `processor_time()` | how long processors have worked for this process |
//! | `thread_time()` | how long one has for this thread, to the microsecond |

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use linux::{load, memory, processor, processor_time, system, thread_time};
#[cfg(target_os = "macos")]
pub(crate) use macos::{load, memory, processor, processor_time, system, thread_time};
#[cfg(windows)]
pub(crate) use windows::{load, memory, processor, processor_time, system, thread_time};

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
compile_error!("bench-suite has a body for Linux, macOS and Windows only so far.");
