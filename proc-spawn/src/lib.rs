#![doc = include_str!("../README.md")]

mod arrival;
mod bootstrap;
mod builder;
mod call;
mod children;
mod environment;
mod error;
mod exit;
mod failure;
mod fork;
mod guard;
mod host;
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
