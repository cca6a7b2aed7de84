//! Who runs tasks: one agent a machine, with a pool of processes of its own.

mod absence;
mod answers;
mod driver;
mod handle;
mod held;
mod pulls;
mod tasks;

pub use handle::Agent;
