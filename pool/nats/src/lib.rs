#![doc = include_str!("../README.md")]

mod agent;
mod cluster_pool;
mod connection;
mod consumer;
mod error;
mod message;
mod names;
mod options;
mod store;
mod submitter;
mod sys;
mod timer;

pub use agent::Agent;
pub use cluster_pool::ClusterPool;
pub use error::ClusterError;
pub use options::{AgentOptions, ClusterOptions, Tls};
