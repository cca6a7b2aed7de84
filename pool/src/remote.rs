//! What it takes to have a pool's work done elsewhere: on other machines, for instance.
//!
//! A [`RemotePool`](crate::RemotePool) makes loads of what is submitted: bytes that name the function, and the
//! items. A [`Carrier`] takes each to a process of the same build, wherever that is; there [`run`] has a pool of
//! processes do the work, and the answer, bytes again, goes back to [`Load::settle`]. What lies between the
//! two is the carrier's matter alone.
//!
//! # Example
//!
//! The carrier of this example goes nowhere: it has a pool of this process do the work.
//!
//! ```
//! use pool::remote::{self, Carrier, Load};
//! use pool::{Pool, ProcessPool, TaskError, TaskKey};
//!
//! struct Here(ProcessPool);
//!
//! impl Carrier for Here {
//!     fn workers(&self) -> usize {
//!         2
//!     }
//!
//!     fn carry(&self, load: Load) {
//!         match remote::run(&self.0, load.bytes()) {
//!             Ok(task) => task.on_done(|answer| match answer {
//!                 Ok(answer) => load.settle(&answer),
//!                 Err(error) => load.fail(error),
//!             }),
//!             Err(error) => load.fail(TaskError::Decode(error)),
//!         }
//!     }
//!
//!     fn recall(&self, _: TaskKey) {}
//!
//!     fn close(&self) {}
//! }
//!
//! #[proc_spawn::main]
//! fn main() -> Result<(), proc_spawn::Failure> {
//!     let pool = Pool::builder().carried_by(Here(ProcessPool::new(2)?))?;
//!     assert_eq!(pool.map(|n: u64| n * n, 1..=3)?, [1, 4, 9]);
//!     Ok(())
//! }
//! ```

use std::fmt;

use ipc::DecodeError;
use proc_spawn::Failure;

use crate::backend::{self, Home};
use crate::error::TaskError;
use crate::executor::TaskKey;
use crate::process_pool::ProcessPool;
use crate::task::Task;

/// Takes loads to workers that are elsewhere. None of its methods may wait for a load to be done.
///
/// Its methods may be called by any thread, also by the one that settles a load.
pub trait Carrier: Send + Sync + 'static {
    /// How many tasks can run at a time, as far as that is known. It may change.
    fn workers(&self) -> usize;

    /// Takes a load on. It settles it sooner or later, or drops it.
    fn carry(&self, load: Load);

    /// Nobody waits for this load any more. If it has not begun it had better not, and if it runs it may be
    /// ended.
    fn recall(&self, key: TaskKey);

    /// There will be no loads any more, and none is under way that anybody waits for. Called once.
    fn close(&self);
}

/// Items of a call on their way to a worker. Whoever has it owes an outcome; one that is dropped fails its items.
#[must_use = "a load that is dropped fails its items"]
pub struct Load {
    key: TaskKey,
    bytes: Vec<u8>,
    home: Option<Box<dyn Home>>,
}

impl Load {
    pub(crate) fn new(key: TaskKey, bytes: Vec<u8>, home: Box<dyn Home>) -> Load {
        Load { key, bytes, home: Some(home) }
    }

    /// By what it is known. No other load that is under way has the same.
    pub fn key(&self) -> TaskKey {
        self.key
    }

    /// What is to be run, for [`run`].
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The answer to it has come: what came of the task that [`run`] has made of it, or of [`refuse`].
    pub fn settle(mut self, answer: &[u8]) {
        if let Some(home) = self.home.take() {
            home.settle(self.key, answer);
        }
    }

    /// There will be no answer. All of its items fail with this; if that is
    /// [`TaskError::WorkerDied`], they are begun anew as often as the pool allows.
    pub fn fail(mut self, error: TaskError) {
        if let Some(home) = self.home.take() {
            home.fail(self.key, error);
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        if let Some(home) = self.home.take() {
            home.fail(self.key, TaskError::Broken(Failure::new("the load was lost on its way")));
        }
    }
}

impl fmt::Debug for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes.len();
        f.debug_struct("Load")
            .field("key", &self.key)
            .field("bytes", &bytes)
            .finish_non_exhaustive()
    }
}

/// Has the items of a load run by a pool of processes. The task's result is the answer.
///
/// A worker that dies costs its own item, as in any pool, and the answer says so: it is for the pool that made
/// the load to begin it anew. The task fails only if it is cancelled, or if the pool ends before anything
/// was begun.
///
/// # Errors
///
/// The bytes are no load.
pub fn run(pool: &ProcessPool, load: &[u8]) -> Result<Task<Vec<u8>>, DecodeError> {
    backend::run(pool, load)
}

/// The answer that none of a load's items was run, for this reason.
pub fn refuse(error: TaskError) -> Vec<u8> {
    backend::refuse(error)
}
