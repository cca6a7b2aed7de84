//! How fast are threads and processes on this machine, and against whom?
//!
//! `cargo xtask bench --quick` runs a set of *workloads*. Each is done by several *contenders*: this
//! workspace, the standard library, other crates, Python. A contender is measured in a process of its
//! own, a *runner*, which waits to be told to do one round; so the rounds of all contenders take turns,
//! a contender that hangs can be killed and one that crashes takes nothing with it. Contenders in
//! Python speak the same protocol.
//!
//! - `workload`: what is measured, with what answer it is right, and who takes part.
//! - `ours` and `peer`: how each contender does it, one file each.
//! - `way`: what goes from one to another, as contenders do it and as the benches use it.
//! - `turns`: what the benches compare takes turns as well.
//! - `measure`: runners, rounds and statistics.
//! - `report`: tables for the terminal and `results.json`.
//! - `advice`: threads or processes for the work at hand, by what was measured.
//!
//! Every figure is what was measured in this run. A contender that gives a wrong answer has no figure.

mod advice;
mod cli;
mod machine;
mod measure;
mod ours;
mod peer;
mod program;
mod report;
mod role;
mod suite;
pub mod turns;
pub mod way;
mod workload;

pub use advice::{Profile, advise, profile, profile_with};
pub use ours::recovery::lock_deaths;
pub use peer::procspawn::in_batches as procspawn_in_batches;
pub use peer::python::Script;
pub use peer::sys::pthread::PthreadMutex;
pub use program::main;
