//! The pool of many machines.

use std::ops::Deref;

use pool::{Executor, RemotePool, Task, TaskError, TaskKey};
use proc_spawn::{Call, CapturesNothing};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::connection::Access;
use crate::error::ClusterError;
use crate::options::ClusterOptions;
use crate::submitter::Submitter;

/// A pool whose workers are those of all agents of this build, on whatever machines.
///
/// It has the methods of [`RemotePool`], which are those of a [`ProcessPool`](pool::ProcessPool), and its errors. It
/// blocks where they do, and a [`Task`] is a future as ever. Dropping it finishes what was submitted.
///
/// Arguments and results are bytes: a handle of the crate `ipc` in one is [`TaskError::Encode`].
///
/// # Process death
///
/// | what dies | what becomes of its tasks |
/// |---|---|
/// | a worker | the item that it ran is begun anew at once, as often as [`retries`](pool::Builder::retries) allow, by any agent; then it is [`TaskError::WorkerDied`]. No other pays |
/// | an agent, or its machine | others run them once the [lease](crate::AgentOptions::lease) is over |
/// | the server | once it is there again, what it has forgotten is published anew. If it stays away, tasks are [`TaskError::NoWorker`] after the [wait](ClusterOptions::wait) |
/// | the last agent | they wait for another; after the [wait](ClusterOptions::wait) they are [`TaskError::NoWorker`] |
/// | this process | agents end what they run, find nobody to have it, and drop it |
///
/// # Example
///
/// ```no_run
/// use pool_nats::{ClusterOptions, ClusterPool};
///
/// #[proc_spawn::main]
/// fn main() -> Result<(), proc_spawn::Failure> {
///     let token = std::fs::read_to_string("/etc/cluster.token")?;
///     let pool = ClusterPool::connect("nats://server:4222", &token, ClusterOptions::new())?;
///     assert_eq!(pool.map(|n: u64| n * n, 1..=3)?, [1, 4, 9]);
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct ClusterPool {
    pool: RemotePool,
}

impl ClusterPool {
    /// Connects to a cluster: the NATS server at this address, which lets in whoever has this token (none if it is
    /// empty; white space around it does not count). Waits for the agents that the options want.
    ///
    /// # Errors
    ///
    /// The server was not reached or refuses, or there are no agents of this build.
    pub fn connect(
        url: &str,
        token: &str,
        options: ClusterOptions,
    ) -> Result<ClusterPool, ClusterError> {
        let ClusterOptions { settings, agents, wait, deadline, tls } = options;
        let access = Access { url: url.to_owned(), token: token.trim().to_owned(), tls };
        let submitter = Submitter::start(access, agents, wait, deadline)?;
        Ok(ClusterPool { pool: settings.carried_by(submitter)? })
    }

    /// Closes the pool and waits until everything is finished.
    pub fn join(self) {
        self.pool.join();
    }
}

impl Deref for ClusterPool {
    type Target = RemotePool;

    fn deref(&self) -> &RemotePool {
        &self.pool
    }
}

impl Executor for ClusterPool {
    fn workers(&self) -> usize {
        Executor::workers(&self.pool)
    }

    fn deliver<F, A, M>(&self, key: TaskKey, f: F, args: A) -> Task<F::Output>
    where
        F: Call<A, M> + CapturesNothing + Send + Sync,
        F::Output: Serialize + DeserializeOwned + Send + 'static,
        A: Serialize + DeserializeOwned + Send + 'static,
        M: 'static,
    {
        self.pool.deliver(key, f, args)
    }

    fn close(&self) {
        self.pool.close();
    }

    fn terminate(&self) {
        self.pool.terminate();
    }

    fn map<F, I, M>(&self, f: F, items: I) -> Result<Vec<F::Output>, TaskError>
    where
        F: Call<I::Item, M> + CapturesNothing + Send + Sync,
        F::Output: Serialize + DeserializeOwned + Send + 'static,
        I: IntoIterator<Item: Serialize + DeserializeOwned + Send + 'static>,
        M: 'static,
    {
        self.pool.map(f, items)
    }
}
