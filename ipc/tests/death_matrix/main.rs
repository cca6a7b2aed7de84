//! The death matrix: a process is killed after every single instruction of every operation, and
//! each time the survivors have to go on, to find whole messages, and to be left with nothing of it.
//!
//! `cargo xtask death` kills at a sample of the instructions, with `--all` at all of them.
//! `TANDEM_DEATH_SEED` repeats a sample, `TANDEM_DEATH_ONLY` is a part of an operation's name.
#![cfg(target_os = "linux")]

#[path = "../footprint/mod.rs"]
mod footprint;
#[path = "../../../sync-prims/tests/stepping/mod.rs"]
mod stepping;
#[path = "../watchdog/mod.rs"]
mod watchdog;

mod channels;
mod memory;
mod messages;
mod names;
mod pipes;
mod queues;
mod stage;

use std::time::Duration;

use stage::Scenario;
use watchdog::watch_for;

proc_spawn::enable_test_support!();

fn scenarios() -> Vec<Scenario> {
    [queues::all(), channels::all(), pipes::all(), memory::all(), names::all()].concat()
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes without optimisation")]
fn the_survivors_get_over_a_death_at_any_of_a_sample_of_instructions() {
    let _watchdog = watch_for("the sample", Duration::from_secs(600));
    stepping::sample(&scenarios(), 12);
}

#[test]
#[ignore = "takes an hour: cargo xtask death --all"]
fn the_survivors_get_over_a_death_at_any_instruction() {
    let _watchdog = watch_for("the matrix", Duration::from_secs(8 * 3600));
    stepping::every_instruction(&scenarios());
}
