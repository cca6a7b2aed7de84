//! The end of a process as something to wait for.

use std::io;
use std::time::{Duration, Instant};

use crate::sys::end::Reference;

/// The end of a process. See [`Process::sentinel`](crate::Process::sentinel).
///
/// It can be waited for beside receivers, connections and whatever else [`ipc::wait`] takes.
///
/// On Linux it can be lent as a descriptor (`AsFd`), a pidfd, that is readable once the process has
/// ended, for use with `poll`, `epoll` and the like; on macOS as that of a kernel event queue, from which nobody may take
/// the event; on Windows as a handle (`AsHandle`). It only tells: the process's handle is
/// still there to be joined, and what the process held may not have been released for a moment yet.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use proc_spawn::{Failure, Process};
///
/// #[proc_spawn::main]
/// fn main() -> Result<(), Failure> {
///     let child = Process::spawn(|| std::thread::park(), ())?;
///     assert!(!child.sentinel().wait_timeout(Duration::ZERO)?);
///     child.kill()?;
///     assert!(child.sentinel().wait_timeout(Duration::from_secs(30))?);
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Sentinel(pub(crate) Reference);

impl Sentinel {
    /// Whether the process has ended.
    ///
    /// # Errors
    ///
    /// The system is out of memory.
    pub fn has_ended(&self) -> io::Result<bool> {
        self.0.has_ended()
    }

    /// Sleeps until the process has ended.
    ///
    /// # Errors
    ///
    /// The system is out of memory.
    pub fn wait(&self) -> io::Result<()> {
        self.0.wait(None).map(drop)
    }

    /// The same, for at most this long; says whether the process has ended.
    ///
    /// # Errors
    ///
    /// The system is out of memory.
    pub fn wait_timeout(&self, timeout: Duration) -> io::Result<bool> {
        // A time too far to be told is as good as never.
        self.0.wait(Instant::now().checked_add(timeout))
    }
}
