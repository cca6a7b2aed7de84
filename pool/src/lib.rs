//! Many workers, threads or processes, behind one API.
//!
//! [`ThreadPool`] and [`ProcessPool`] have the same methods, so the same code runs on either:
//!
//! ```
//! use pool::{ProcessPool, ThreadPool};
//!
//! fn area(width: u64, height: u64) -> u64 {
//!     width * height
//! }
//!
//! #[proc_spawn::main]
//! fn main() -> Result<(), proc_spawn::Failure> {
//!     let sizes = [(2, 3), (4, 5)];
//!     assert_eq!(ThreadPool::new(2)?.starmap(area, sizes)?, [6, 20]);
//!     assert_eq!(ProcessPool::new(2)?.starmap(area, sizes)?, [6, 20]);
//!     Ok(())
//! }
//! ```
//!
//! Nothing here waits for the dead: a worker that dies is replaced, the task it was running is told
//! how it died, and every other task gets its result.

mod backend;
mod builder;
mod call;
mod error;
mod event;
mod executor;
mod initializer;
mod process_pool;
#[cfg(doctest)]
mod readme;
mod settings;
mod starts;
mod state;
mod stats;
mod task;
mod thread_pool;

pub use builder::{Builder, Pool};
pub use error::{PoolError, TaskError};
pub use event::Event;
pub use executor::{Executor, TaskId, TaskKey};
pub use initializer::{ForProcesses, ForThreads, Initializer, NoInitializer};
pub use process_pool::ProcessPool;
pub use state::with_state;
pub use stats::{PoolStats, WorkerStats};
pub use task::{AsCompleted, Imap, ImapUnordered, Task, as_completed, wait_all};
pub use thread_pool::ThreadPool;
