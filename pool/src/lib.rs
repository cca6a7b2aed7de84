#![doc = include_str!("../README.md")]

mod backend;
mod builder;
mod call;
mod error;
mod event;
mod executor;
mod gauge;
mod initializer;
mod process_pool;
#[cfg(feature = "progress")]
mod progress;
#[cfg(doctest)]
mod readme;
pub mod remote;
mod remote_pool;
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
#[cfg(feature = "progress")]
pub use progress::Progress;
pub use remote_pool::RemotePool;
pub use state::with_state;
pub use stats::{PoolStats, WorkerStats};
pub use task::{AsCompleted, Imap, Task, as_completed, wait_all};
pub use thread_pool::ThreadPool;
