//! The kinds of pools that one suite runs on.
//!
//! `threads`, `by_spawn` and `by_fork_server` finish a builder, for suites of pools whose workers are of this program.
//! Functions of the same names, and `carried`, make the pools on which the contract is tested.
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

pub(crate) fn threads(workers: usize, builder: Builder) -> Option<((), ThreadPool)> {
    Some(((), builder.workers(workers).threads().expect("a pool")))
}

pub(crate) fn by_spawn(workers: usize, builder: Builder) -> Option<((), ProcessPool)> {
    Some(((), builder.workers(workers).by_spawn().expect("a pool")))
}

pub(crate) fn by_fork_server(workers: usize, builder: Builder) -> Option<((), ProcessPool)> {
    Some(((), builder.workers(workers).by_fork_server().expect("a pool")))
}

pub(crate) fn carried(workers: usize, builder: Builder) -> Option<((), RemotePool)> {
    let near = Near(ProcessPool::new(workers).expect("workers"));
    Some(((), builder.carried_by(near).expect("a pool")))
}
