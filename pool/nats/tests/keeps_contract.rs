//! What every pool does, on a cluster of agents with a worker each.

mod cluster;
#[path = "../../tests/contract/mod.rs"]
mod contract;

use cluster::{Cluster, watch};
use contract::contract;
use pool::Builder;
use pool_nats::ClusterPool;

proc_spawn::enable_test_support!();

fn of_agents(workers: usize, settings: Builder) -> Option<(Cluster, ClusterPool)> {
    let cluster = Cluster::start(&vec![1; workers])?;
    let pool = cluster.pool(settings);
    Some((cluster, pool))
}

contract!(cluster_of_agents, crate::of_agents);
