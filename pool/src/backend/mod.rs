//! What workers are: threads of this process, processes, or whoever a carrier leads to.

mod contract;
mod named;
mod processes;
mod remote;
mod threads;

pub(crate) use contract::{Backend, Made, Running};
pub(crate) use named::Named;
pub(crate) use processes::{ProcessJob, Processes, for_processes};
pub(crate) use remote::{Home, Remote, RemoteJob, for_elsewhere, refuse, run};
pub(crate) use threads::{ThreadJob, Threads};
