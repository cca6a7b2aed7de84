//! What can go wrong between a program and its cluster.

use std::error::Error;
use std::io;
use std::time::Duration;

use pool::{PoolError, TaskError};
use thiserror::Error;

/// A cluster cannot be used, or an agent cannot serve any more.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// The server was not reached, or it refused: is it running, is the token right?
    #[error("failed to connect to the NATS server at {url}")]
    Connect {
        /// Where it was looked for.
        url: String,
        /// What came of it.
        #[source]
        error: Box<dyn Error + Send + Sync>,
    },
    /// The server has no JetStream for us, or refused what was asked of it.
    #[error("failed to {action}")]
    Server {
        /// What was asked.
        action: &'static str,
        /// What it said.
        #[source]
        error: Box<dyn Error + Send + Sync>,
    },
    /// No agent of this build serves the cluster, or fewer than were asked for.
    #[error(
        "{found} of {wanted} agents of this build ({build}) have come within {waited:?}: agents have \
         to run the very program that submits the tasks"
    )]
    NoAgent {
        /// How many were waited for.
        wanted: usize,
        /// How many there are.
        found: usize,
        /// For how long.
        waited: Duration,
        /// The build that they must be of.
        build: String,
    },
    /// The pool was not made.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The agent's own pool has ended.
    #[error("the agent's pool has ended")]
    Ended(#[source] TaskError),
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

impl ClusterError {
    /// For `map_err` on what was asked of the server.
    pub(crate) fn server<E>(action: &'static str) -> impl FnOnce(E) -> ClusterError
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        move |error| ClusterError::Server { action, error: error.into() }
    }

    /// For `map_err` on a system call.
    pub(crate) fn system(action: &'static str) -> impl FnOnce(io::Error) -> ClusterError {
        move |error| ClusterError::System { action, error }
    }
}
