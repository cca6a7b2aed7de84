//! Every scenario, with a death at each of some points of it.

use std::time::Instant;
use std::{env, process};

use super::sys;
use super::tracee::{Moment, Progress, Tracee};

/// An operation with its circumstances.
pub trait Scenario {
    type Performance: Performance;

    fn name(&self) -> &str;

    /// Sets the stage, with a child that is stopped before its operation.
    fn begin(&self) -> Self::Performance;
}

/// A scenario that is played once.
pub trait Performance {
    fn tracee(&mut self) -> &mut Tracee;

    /// Has the child get what it waits for; `false` if it has had that already. Does not wait for anything: what
    /// is needed for it the child may have got where it is stopped by now.
    fn unblock(&mut self) -> bool;

    /// Kills the child and looks at what the survivors make of it. `finished`: it was through.
    fn die(self, finished: bool) -> Result<(), String>;
}

/// How one scenario went.
#[derive(Debug, Default)]
struct Tally {
    instructions: usize,
    deaths: usize,
    failures: Vec<String>,
}

/// Leads a child on, by `go`, as long as that stops somewhere. Tells whether it is through.
fn lead<P: Performance>(
    performance: &mut P,
    mut go: impl FnMut(&mut Tracee) -> Option<Progress>,
) -> Result<bool, String> {
    while let Some(progress) = go(performance.tracee()) {
        match progress {
            Progress::Stepped => {}
            // It sleeps inside of the operation: what it waits for comes now.
            Progress::Asleep => {
                let goes_on = performance.unblock() || performance.tracee().wakes_up();
                assert!(goes_on, "it sleeps for ever");
            }
            Progress::Done => return Ok(true),
            Progress::Ended => return Err("it has ended by itself".to_owned()),
        }
    }
    Ok(false)
}

/// Where a child was before each of its instructions, if that can be told, and after the last.
#[derive(Default)]
struct Trace(Vec<Option<u64>>);

impl Trace {
    fn instructions(&self) -> usize {
        self.0.len().saturating_sub(1)
    }

    fn moment(&self, steps: usize) -> Option<Moment> {
        let place = self.0.get(steps)?;
        let before = self.0[..steps].iter().filter(|before| *before == place).count();
        place.map(|at| Moment { at, before })
    }
}

/// Leads a child through the whole operation, step by step.
fn trace(scenario: &impl Scenario) -> Result<Trace, String> {
    let mut performance = scenario.begin();
    let mut trace = Trace::default();
    let mut asleep = false;
    let finished = lead(&mut performance, |tracee| {
        // While it sleeps it cannot be asked.
        if !std::mem::replace(&mut asleep, false) {
            trace.0.push(tracee.program_counter());
        }
        let progress = tracee.step();
        asleep = matches!(progress, Progress::Asleep);
        Some(progress)
    });
    performance.die(finished?).map(|()| trace)
}

/// Kills one child after `steps` instructions; `None` if it was through before, and rightly.
fn die_after(scenario: &impl Scenario, trace: &Trace, steps: usize) -> Option<Result<(), String>> {
    let quickly = trace.moment(steps).and_then(|moment| {
        let mut arrived = false;
        die_when(scenario, |tracee| {
            let progress = (!arrived).then(|| tracee.go_to(moment));
            arrived = matches!(progress, Some(Progress::Stepped));
            progress
        })
    });
    // It may have taken another way this time.
    quickly.or_else(|| {
        let mut taken = 0;
        die_when(scenario, |tracee| {
            let progress = (taken < steps).then(|| tracee.step());
            taken += usize::from(matches!(progress, Some(Progress::Stepped)));
            progress
        })
    })
}

fn die_when(
    scenario: &impl Scenario,
    go: impl FnMut(&mut Tracee) -> Option<Progress>,
) -> Option<Result<(), String>> {
    let mut performance = scenario.begin();
    match lead(&mut performance, go) {
        Ok(true) => performance.die(true).err().map(Err),
        Ok(false) => Some(performance.die(false)),
        Err(error) => Some(performance.die(false).and(Err(error))),
    }
}

/// A machine that is busy with other things may be late by itself; but what the survivors do not get
/// over, they do not get over the next time either.
fn again(
    scenario: &impl Scenario,
    trace: &Trace,
    steps: usize,
    failure: String,
) -> Result<(), String> {
    let bad = (0..4).filter(|_| matches!(die_after(scenario, trace, steps), Some(Err(_)))).count();
    println!("    after {steps} instructions: {failure}; and {bad} times of 4 more");
    if bad == 0 { Ok(()) } else { Err(failure) }
}

fn run(scenario: &impl Scenario, points: impl Fn(usize) -> Vec<usize>) -> Tally {
    let mut tally = Tally::default();
    // The first child of a program does what its later ones find done.
    let trace = trace(scenario).and_then(|_| trace(scenario)).unwrap_or_else(|failure| {
        tally.failures.push(format!("without a death: {failure}"));
        Trace::default()
    });
    tally.instructions = trace.instructions();
    for steps in points(tally.instructions) {
        if let Some(result) = die_after(scenario, &trace, steps) {
            tally.deaths += 1;
            let result = result.or_else(|failure| again(scenario, &trace, steps, failure));
            if let Err(failure) = result {
                tally.failures.push(format!("after {steps} instructions: {failure}"));
            }
        }
    }
    tally
}

fn report(scenarios: &[impl Scenario], points: impl Fn(usize) -> Vec<usize>) {
    sys::keep_addresses();
    println!(
        "{:<44} {:>12} {:>8} {:>8} {:>8}",
        "operation", "instructions", "deaths", "failures", "s"
    );
    let (mut deaths, mut failures) = (0, 0);
    let only = env::var("TANDEM_DEATH_ONLY").unwrap_or_default();
    for scenario in scenarios.iter().filter(|it| it.name().contains(&only)) {
        let start = Instant::now();
        let tally = run(scenario, &points);
        println!(
            "{:<44} {:>12} {:>8} {:>8} {:>8.1}",
            scenario.name(),
            tally.instructions,
            tally.deaths,
            tally.failures.len(),
            start.elapsed().as_secs_f64(),
        );
        tally.failures.iter().take(5).for_each(|failure| println!("    {failure}"));
        deaths += tally.deaths;
        failures += tally.failures.len();
    }
    println!("{deaths} deaths, {failures} that the survivors did not get over");
    assert_eq!(failures, 0, "deaths that the survivors did not get over");
}

/// Deaths at a sample of the instructions, which `TANDEM_DEATH_SEED` repeats: about so many of each
/// operation.
pub fn sample(scenarios: &[impl Scenario], deaths: usize) {
    // Spread over the whole operation, and not always at the same places.
    let given = env::var("TANDEM_DEATH_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = given.unwrap_or_else(|| process::id().into());
    println!("seed {seed}");
    report(scenarios, |length| {
        let stride = length / deaths + 1;
        let offset = (seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) as usize % stride;
        (offset..=length).step_by(stride).collect()
    });
}

/// A death at every single instruction.
pub fn every_instruction(scenarios: &[impl Scenario]) {
    report(scenarios, |length| (0..=length).collect());
}
