//! The kinds of pools that one suite runs on: `threads`, `by_spawn`, `by_fork_server`.

use pool::{Builder, ForProcesses, PoolError, ProcessPool};
use proc_spawn::StartMethod;

/// Pools of processes, by how these are started.
pub(crate) trait Kinds {
    fn by_spawn(self) -> Result<ProcessPool, PoolError>;
    fn by_fork_server(self) -> Result<ProcessPool, PoolError>;
}

impl<I: ForProcesses> Kinds for Builder<I> {
    fn by_spawn(self) -> Result<ProcessPool, PoolError> {
        self.start_method(StartMethod::Spawn).processes()
    }

    fn by_fork_server(self) -> Result<ProcessPool, PoolError> {
        self.start_method(StartMethod::ForkServer).processes()
    }
}
