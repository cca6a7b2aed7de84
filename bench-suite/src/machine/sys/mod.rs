//! What the system knows of the machine. One file a system; each provides, under the same names:
//!
//! | name | contract |
//! |---|---|
//! | `system()` | the system's name and version |
//! | `processor()` | the name of the processor |
//! | `memory()` | how much memory there is, in bytes |
//! | `load()` | the load average of the last minute |
//! | `processor_time()` | how long processors have worked for this process |

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub(crate) use linux::{load, memory, processor, processor_time, system};

#[cfg(not(target_os = "linux"))]
compile_error!("bench-suite has a body for Linux only so far, as has what it measures.");
