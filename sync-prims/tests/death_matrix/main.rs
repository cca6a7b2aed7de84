//! The death matrix: a process is killed after every single instruction of every operation, and
//! each time the survivors have to go on and to find a consistent state.
//!
//! `cargo test --release -p sync-prims --test death_matrix -- --nocapture` kills at a sample of the
//! instructions; with `--ignored` as well, at all of them.

#[path = "../support/mod.rs"]
mod support;

mod scenarios;
mod stage;
mod survivors;
mod tracer;

use std::time::{Duration, Instant};

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
                if let Err(failure) = result {
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
    for scenario in scenarios::all() {
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
#[cfg_attr(debug_assertions, ignore = "takes half a minute without optimisation")]
fn the_survivors_get_over_a_death_at_any_of_a_sample_of_instructions() {
    within(Duration::from_secs(300), || {
        // Spread over the whole operation, and not always at the same places.
        let seed = u64::from(std::process::id());
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
