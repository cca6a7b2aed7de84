//! The death matrix: a process is killed after every single instruction of every operation, and
//! each time the survivors have to go on and to find a consistent state.
//!
//! `cargo xtask death` kills at a sample of the instructions, with `--all` at all of them.
//! `TANDEM_DEATH_SEED` repeats a sample, `TANDEM_DEATH_ONLY` is a part of an operation's name.
#![cfg(target_os = "linux")]

#[path = "../support/mod.rs"]
mod support;

#[path = "../stepping/mod.rs"]
mod stepping;

mod scenarios;
mod stage;
mod survivors;

use std::time::Duration;

use support::within;

#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes without optimisation")]
fn the_survivors_get_over_a_death_at_any_of_a_sample_of_instructions() {
    within(Duration::from_secs(300), || stepping::sample(&scenarios::all(), 24));
}

#[test]
#[ignore = "takes minutes: cargo xtask death --all"]
fn the_survivors_get_over_a_death_at_any_instruction() {
    within(Duration::from_secs(7_200), || stepping::every_instruction(&scenarios::all()));
}
