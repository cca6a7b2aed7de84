//! The kinds of pools that one suite runs on.
//!
//! `threads`, `by_spawn` and `by_fork_server` finish a builder, for suites of pools whose workers are of this program.
//! What is the same wherever they are runs on these and on `carried`, made by functions of the same names, which
//! are told how many workers there are.
#![allow(dead_code, reason = "not every suite uses every kind")]

mod carrier;

use carrier::Near;
use pool::{Builder, ForProcesses, PoolError, ProcessPool, RemotePool, ThreadPool};
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

pub(crate) fn threads(workers: usize, builder: Builder) -> Result<ThreadPool, PoolError> {
    builder.workers(workers).threads()
}

pub(crate) fn by_spawn(workers: usize, builder: Builder) -> Result<ProcessPool, PoolError> {
    builder.workers(workers).by_spawn()
}

pub(crate) fn by_fork_server(workers: usize, builder: Builder) -> Result<ProcessPool, PoolError> {
    builder.workers(workers).by_fork_server()
}

pub(crate) fn carried(workers: usize, builder: Builder) -> Result<RemotePool, PoolError> {
    builder.carried_by(Near(ProcessPool::new(workers)?))
}
