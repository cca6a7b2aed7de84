//! A function in another process: start, join, kill.
//!
//! [`Process`] and [`Thread`] have one face, so the same code runs on either:
//!
//! ```
//! use proc_spawn::{Failure, Process, Thread};
//!
//! fn add(a: u64, b: u64) -> u64 {
//!     a + b
//! }
//!
//! #[proc_spawn::main]
//! fn main() -> Result<(), Failure> {
//!     assert_eq!(Thread::spawn(add, (1, 2))?.join()?, 3);
//!     assert_eq!(Process::spawn(add, (1, 2))?.join()?, 3);
//!     Ok(())
//! }
//! ```
//!
//! A process is this program, started anew: it shares no memory with its parent, so nothing it does
//! can damage the parent, it can be killed at any instruction, and what it used is freed with it.
//! How it ended comes back as a value: a panic with its message and place, a signal, an exit code.
//!
//! With the feature `log`, what children log comes to the logger of the process that has one, after
//! the child's name: `[Process-1] text`. A child logs at the level that its parent has when it starts
//! it. A child whose own `main` installs a logger before the guard keeps that.
//!
//! The one condition is the *main guard*: [`init`] is the first line of `main`, or
//! [`#[proc_spawn::main]`](main) stands on it, or [`enable_test_support!`] in a test binary.

mod arrival;
mod bootstrap;
mod builder;
mod call;
mod children;
mod error;
mod exit;
mod failure;
mod fork;
mod guard;
mod identity;
mod logs;
mod panic;
mod portable;
mod process;
mod run;
mod sentinel;
mod settings;
mod spawn;
mod start_method;
mod stdio;
mod sys;
mod tail;
mod thread;

/// What the macros expand to. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::guard::{MainEnd, before_main};
}

pub use builder::Builder;
pub use call::{Call, Spread, Whole};
pub use error::{JoinError, SpawnError};
pub use failure::Failure;
pub use fork::fork;
pub use guard::init;
pub use identity::{
    ChildInfo, CurrentProcess, Parent, active_children, cpu_count, current, parent, peak_memory,
};
pub use panic::{Location, Panic};
pub use portable::{CapturesNothing, Portable};
pub use proc_spawn_macros::main;
pub use process::Process;
pub use run::Run;
pub use sentinel::Sentinel;
pub use spawn::{Join, Spawn};
pub use start_method::{StartMethod, forkserver_preload, set_start_method, start_method};
pub use stdio::Stdio;
pub use thread::Thread;
