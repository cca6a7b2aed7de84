//! Deaths at single instructions: a child is led step by step through an operation and killed in the
//! middle of it, once for each step. The death matrices of this crate and of `ipc` are made of this.
#![allow(unreachable_pub, unused_imports, dead_code, reason = "each matrix uses a part of it")]

mod asleep;
mod matrix;
mod survivor;
mod sys;
mod tracee;

pub use asleep::until_others_sleep;
pub use matrix::{Performance, Scenario, every_instruction, sample};
pub use survivor::{SOON, Survivor, ensure};
pub use tracee::{Tracee, led};
