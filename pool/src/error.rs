//! What can go wrong with a pool and with a task.

use std::io;
use std::time::Duration;

use ipc::{DecodeError, EncodeError};
use proc_spawn::{Failure, JoinError, Panic, SpawnError};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::event::Item;

/// A pool was not made. Nothing is left of the attempt.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PoolError {
    /// A worker process was not started.
    #[error("failed to start a worker")]
    Spawn(#[from] SpawnError),
    /// What the builder was given makes no pool.
    #[error("{what} is not valid: {problem}")]
    Invalid {
        /// What it is.
        what: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The system failed.
    #[error("failed to {action}")]
    System {
        /// What was to be done.
        action: &'static str,
        /// Why it was not.
        #[source]
        error: io::Error,
    },
}

impl PoolError {
    /// For `map_err` on a system call.
    pub(crate) fn system(action: &'static str) -> impl FnOnce(io::Error) -> PoolError {
        move |error| PoolError::System { action, error }
    }
}

/// A task has no result.
///
/// It can be sent to another process, and can be cloned: every task that a broken pool still had gets
/// the same one.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TaskError {
    /// Its function panicked. The worker lives on.
    #[error(transparent)]
    Panicked(Panic),
    /// The process that ran it died.
    #[error(
        "the worker with process id {pid} {} while it ran {}{}",
        how(*signal, *exitcode),
        Item { index: *index, text: item.as_deref() },
        times(*attempts)
    )]
    WorkerDied {
        /// The worker's process id, which may be another process's by now.
        pid: u32,
        /// The signal that killed it, if one did; what stands for one where there are none, as in
        /// [`JoinError::Crashed`].
        signal: Option<i32>,
        /// The code it exited with, if it did; 255 if nobody has its status, as in
        /// [`Process::exit_status`](proc_spawn::Process::exit_status).
        exitcode: Option<i32>,
        /// How often the task was begun.
        attempts: u32,
        /// Where the item stands in its call, from 0.
        index: usize,
        /// The item's text, if the pool was given a function that
        /// [describes](crate::Builder::describe) it.
        item: Option<String>,
    },
    /// It took longer than [`task_timeout`](crate::Builder::task_timeout) allows. The process that ran
    /// it was killed; a thread goes on with it, but another one has taken its place.
    #[error("the task took longer than {after:?}")]
    TimedOut {
        /// What it was allowed.
        after: Duration,
    },
    /// It was cancelled, or the pool was terminated, before it was done.
    #[error("the task was cancelled")]
    Cancelled,
    /// The process that ran it asked for more memory than
    /// [`memory_limit`](crate::Builder::memory_limit) allows, was refused and aborted. One that dies
    /// of a refusal in another way is [`WorkerDied`](Self::WorkerDied).
    #[error("the task's worker was refused memory above its limit of {limit} bytes")]
    MemoryLimit {
        /// What it was allowed, in bytes.
        limit: u64,
    },
    /// The arguments could not be sent to the worker, or the result could not be sent back.
    #[error("failed to send the task's arguments or its result")]
    Encode(#[source] EncodeError),
    /// The worker could not read the arguments, or the pool could not read the result.
    #[error("failed to read the task's arguments or its result")]
    Decode(#[source] DecodeError),
    /// The initializer fails in every worker that is started, and no worker is left: the pool has
    /// ended.
    #[error("the pool has ended because its initializer keeps failing: {0:#}")]
    Initializer(Failure),
    /// No worker can be started and none is left, or the pool itself failed: it has ended.
    #[error("the pool has ended because it cannot go on: {0:#}")]
    Broken(Failure),
    /// Nobody is there who could run it, and nobody has come for as long as the pool waits for one. Only of a
    /// [`RemotePool`](crate::RemotePool).
    #[error("no worker has come for the task within {waited:?}: {why}")]
    NoWorker {
        /// How long the pool has waited.
        waited: Duration,
        /// What is known of the reason.
        why: String,
    },
    /// The pool was closed before the task was submitted.
    #[error("the pool is closed")]
    Closed,
}

/// How a worker ended, to be said of it: a crash in the words that [`JoinError`] has for it on this system.
pub(crate) fn how(signal: Option<i32>, exitcode: Option<i32>) -> String {
    match (signal, exitcode) {
        (Some(signal), _) => {
            let crash = JoinError::Crashed { signal, core_dumped: false }.to_string();
            crash.trim_start_matches("the process ").to_owned()
        }
        (None, Some(code)) => format!("exited with code {code}"),
        (None, None) => "ended".to_owned(),
    }
}

/// What follows if it was not the first attempt.
fn times(attempts: u32) -> String {
    if attempts < 2 { String::new() } else { format!(", attempt {attempts}") }
}
