//! What workers are: threads of this process, processes, or whoever a carrier leads to.

mod contract;
mod processes;
mod remote;
mod threads;

pub(crate) use contract::{Backend, Made, Running};
pub(crate) use processes::{Prepared, ProcessJob, Processes};
pub(crate) use remote::{Home, Named, Remote, RemoteJob, refuse, run};
pub(crate) use threads::{ThreadJob, Threads};
