//! What workers are: threads of this process, or processes.

mod contract;
mod processes;
mod threads;

pub(crate) use contract::{Backend, Made, Running};
pub(crate) use processes::{Prepared, ProcessJob, Processes};
pub(crate) use threads::{ThreadJob, Threads};
