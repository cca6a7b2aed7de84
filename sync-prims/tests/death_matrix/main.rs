//! The death matrix: a process is killed after every single instruction of every operation, and
//! each time the survivors have to go on and to find a consistent state.
//!
//! `cargo xtask death` kills at a sample of the instructions, with `--all` at all of them.
//! `TANDEM_DEATH_SEED` repeats a sample, `TANDEM_DEATH_ONLY` is a part of an operation's name.
#![cfg(target_os = "linux")]

#[path = "../support/mod.rs"]
mod support;

mod scenarios;
mod stage;
mod survivors;
mod tracer;

use std::time::{Duration, Instant};
use std::{env, process};

use stage::Scenario;
use support::within;
use tracer::{Progress, Victim};

/// How one scenario went.
#[derive(Debug, Default)]
struct Tally {
    instructions: usize,
    deaths: usize,
    failures: Vec<String>,
}

/// Kills one victim after `steps` instructions; `None` if it was through before.
fn die_after(scenario: &Scenario, steps: usize) -> Option<Result<(), String>> {
    let mut stage = scenario.stage();
    let mut victim = Victim::start(stage.operation(), stage.done());
    let mut taken = 0;
    let finished = loop {
        if taken == steps {
            break false;
        }
        match victim.step() {
            Progress::Stepped => taken += 1,
            // It sleeps inside of the operation: what it waits for comes now.
            Progress::Asleep => assert!(stage.unblock() || victim.wakes_up(), "it sleeps for ever"),
            Progress::Done => break true,
        }
    };
    victim.kill();
    stage.unblock();
    let checked = stage.check(victim.pid());
    if finished { checked.err().map(Err) } else { Some(checked) }
}

/// A machine that is busy with other things may be late by itself; but what the survivors do not get
/// over, they do not get over the next time either.
fn again(scenario: &Scenario, steps: usize, failure: String) -> Result<(), String> {
    let bad = (0..4).filter(|_| matches!(die_after(scenario, steps), Some(Err(_)))).count();
    println!("    after {steps} instructions: {failure}; and {bad} times of 4 more");
    if bad == 0 { Ok(()) } else { Err(failure) }
}

/// Counts the instructions of an operation.
fn length(scenario: &Scenario) -> usize {
    let mut stage = scenario.stage();
    let mut victim = Victim::start(stage.operation(), stage.done());
    let mut taken = 0;
    loop {
        match victim.step() {
            Progress::Stepped => taken += 1,
            Progress::Asleep => assert!(stage.unblock() || victim.wakes_up(), "it sleeps for ever"),
            Progress::Done => break,
        }
    }
    victim.kill();
    let _ = stage.check(victim.pid());
    taken
}

fn run(scenario: &Scenario, points: impl Fn(usize) -> Vec<usize>) -> Tally {
    let mut tally = Tally { instructions: length(scenario), ..Tally::default() };
    for steps in points(tally.instructions) {
        match die_after(scenario, steps) {
            None => {}
            Some(result) => {
                tally.deaths += 1;
                if let Err(failure) = result.or_else(|failure| again(scenario, steps, failure)) {
                    tally.failures.push(format!("after {steps} instructions: {failure}"));
                }
            }
        }
    }
    tally
}

fn report(points: impl Fn(usize) -> Vec<usize>) {
    println!(
        "{:<44} {:>12} {:>8} {:>8} {:>8}",
        "operation", "instructions", "deaths", "failures", "s"
    );
    let mut failures = 0;
    let only = env::var("TANDEM_DEATH_ONLY").unwrap_or_default();
    for scenario in scenarios::all().into_iter().filter(|it| it.name.contains(&only)) {
        let start = Instant::now();
        let tally = run(&scenario, &points);
        println!(
            "{:<44} {:>12} {:>8} {:>8} {:>8.1}",
            scenario.name,
            tally.instructions,
            tally.deaths,
            tally.failures.len(),
            start.elapsed().as_secs_f64(),
        );
        tally.failures.iter().take(5).for_each(|failure| println!("    {failure}"));
        failures += tally.failures.len();
    }
    assert_eq!(failures, 0, "deaths that the survivors did not get over");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes without optimisation")]
fn the_survivors_get_over_a_death_at_any_of_a_sample_of_instructions() {
    within(Duration::from_secs(300), || {
        // Spread over the whole operation, and not always at the same places.
        let given = env::var("TANDEM_DEATH_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed: u64 = given.unwrap_or_else(|| process::id().into());
        println!("seed {seed}");
        report(|length| {
            // About as many steps for each operation, many of them where it is short.
            let stride = length / (200_000 / (length + 1)).clamp(3, 24) + 1;
            let offset = (seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) as usize % stride;
            (offset..=length).step_by(stride).collect()
        });
    });
}

#[test]
#[ignore = "takes minutes"]
fn the_survivors_get_over_a_death_at_any_instruction() {
    within(Duration::from_secs(7_200), || report(|length| (0..=length).collect()));
}
