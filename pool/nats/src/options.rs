//! What can be set.

use std::path::PathBuf;
use std::time::Duration;

use pool::{Builder, Pool, PoolError, ProcessPool};

/// How the connection to the server is secured. An address that begins with `tls://` is always encrypted.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    pub(crate) required: bool,
    pub(crate) authority: Option<PathBuf>,
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
}

impl Tls {
    /// The connection is encrypted, or there is none. The server shows a certificate that this machine trusts.
    pub fn required() -> Tls {
        Tls { required: true, ..Tls::default() }
    }

    /// The server may also show a certificate of this authority, a file in PEM.
    #[must_use]
    pub fn authority(mut self, file: impl Into<PathBuf>) -> Tls {
        self.authority = Some(file.into());
        self
    }

    /// This side shows a certificate, too: two files in PEM.
    #[must_use]
    pub fn identity(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Tls {
        self.identity = Some((certificate.into(), key.into()));
        self
    }
}

/// Sets a [`ClusterPool`](crate::ClusterPool) up.
#[derive(Debug)]
pub struct ClusterOptions {
    pub(crate) settings: Builder,
    pub(crate) agents: usize,
    pub(crate) wait: Duration,
    pub(crate) deadline: Duration,
    pub(crate) tls: Tls,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            settings: Pool::builder(),
            agents: 1,
            wait: Duration::from_secs(30),
            deadline: Duration::from_secs(5),
            tls: Tls::default(),
        }
    }
}

impl ClusterOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// What any pool can be told: the size of chunks, retries, listeners. Settings for workers are the agents'.
    #[must_use]
    pub fn settings(mut self, settings: Builder) -> Self {
        self.settings = settings;
        self
    }

    /// How many agents the pool waits for when it is made. Without this it is one.
    #[must_use]
    pub fn agents(mut self, agents: usize) -> Self {
        self.agents = agents;
        self
    }

    /// How long there may be no agent, or no server, before that is an error: for the pool when it is made, and for
    /// every task later. Without this it is 30 s.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// After how long without a word of it a task is published again: of the server, that it has taken it in, or of an
    /// agent, that it has it, for which it is given two leases at least. Without this it is 5 s, and twice as long each
    /// time. After a lost connection the server is asked at once what it has lost.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How the connection is secured.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }
}

/// Sets an [`Agent`](crate::Agent) up.
#[derive(Debug)]
pub struct AgentOptions {
    pub(crate) pool: Option<ProcessPool>,
    pub(crate) lease: Duration,
    pub(crate) deliveries: u32,
    pub(crate) grace: Duration,
    pub(crate) tls: Tls,
}

impl Default for AgentOptions {
    fn default() -> Self {
        Self {
            pool: None,
            lease: Duration::from_secs(5),
            deliveries: 8,
            grace: Duration::from_secs(30),
            tls: Tls::default(),
        }
    }
}

/// Nobody waits longer for the tasks of a dead agent.
const LONGEST_LEASE: Duration = Duration::from_secs(365 * 24 * 3600);

impl AgentOptions {
    /// Whether an agent can serve so.
    pub(crate) fn check(&self) -> Result<(), PoolError> {
        let invalid = |what, problem| Err(PoolError::Invalid { what, problem });
        if self.lease.is_zero() || self.lease > LONGEST_LEASE {
            return invalid("the lease", "it takes some time, and not more than a year");
        }
        if self.deliveries == 0 {
            return invalid("the number of deliveries", "a task is delivered at least once");
        }
        Ok(())
    }

    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The pool that does the work. Without this it is one with a worker for each processor. Its own retries come
    /// before those of the cluster; limits of time and memory are set here.
    #[must_use]
    pub fn pool(mut self, pool: ProcessPool) -> Self {
        self.pool = Some(pool);
        self
    }

    /// For how long a task is this agent's without a sign of life of it. Once that has passed, the server gives the
    /// task to another: so long do the tasks of a dead agent rest. Agents renew their leases three times in that time,
    /// however long a task takes. Without this it is 5 s. The first agent of a build decides for all.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How often a task is delivered to agents. One that has outlived so many of them is not run any more: it is
    /// [`WorkerDied`](pool::TaskError::WorkerDied), for it may be what they die of. Without this it is 8.
    #[must_use]
    pub fn deliveries(mut self, deliveries: u32) -> Self {
        self.deliveries = deliveries;
        self
    }

    /// How long an agent that is stopped goes on with what it runs before it gives that back. Without this it is 30 s.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// How the connection is secured.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }
}
