//! Processes that use all primitives at random, and are killed at random, every few hundred
//! microseconds: whatever is guarded stays whole, nobody is let in who should not be, and nobody hangs.
//!
//! `TANDEM_CHAOS_SECONDS` sets how long (2 by default), `TANDEM_CHAOS_SEED` repeats a run's choices,
//! though not the kernel's.
#![cfg(unix)]

#[path = "../support/mod.rs"]
mod support;

mod dice;
mod stage;
mod worker;

use std::time::{Duration, Instant};
use std::{env, process, thread};

use dice::Dice;
use stage::{Stage, WORKERS};
use support::arena::{Arena, tell_of_a_death};
use support::sys::child::{Child, Ended, child};
use support::within;

/// Within which time the workers all together have to get on.
const PATIENCE: Duration = Duration::from_secs(5);

fn number_from(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

fn start(stage: &'static Stage, index: usize, seed: u64) -> Child {
    stage.vacate(index);
    child(move || worker::work(stage, index, Dice::new(seed)))
}

/// Kills one, and says how many operations the dead have done.
fn replace(stage: &'static Stage, workers: &mut [Child], index: usize, seed: u64) {
    workers[index].kill();
    let ended = workers[index].wait();
    assert_eq!(ended, Ended::Signal(libc::SIGKILL), "worker {index} has found something wrong");
    tell_of_a_death();
    workers[index] = start(stage, index, seed);
}

#[test]
fn whatever_dies_the_others_go_on_and_find_everything_whole() {
    let seconds = number_from("TANDEM_CHAOS_SECONDS").unwrap_or(2);
    let seed = number_from("TANDEM_CHAOS_SEED").unwrap_or_else(|| process::id().into());
    println!("seed {seed}, {seconds} s");
    within(Duration::from_secs(seconds + 60), move || {
        let stage: &'static Stage = Arena::shared().place(Stage::new());
        let mut dice = Dice::new(seed);
        let mut workers: Vec<Child> =
            (0..WORKERS).map(|index| start(stage, index, dice.roll())).collect();
        let start = Instant::now();
        let (mut kills, mut seen, mut moved) = (0u64, 0, Instant::now());
        while start.elapsed() < Duration::from_secs(seconds) {
            // sleep: the pace of the killing.
            thread::sleep(Duration::from_micros(100 + dice.below(600)));
            let index = dice.below(WORKERS as u64) as usize;
            replace(stage, &mut workers, index, dice.roll());
            kills += 1;
            if stage.operations() != seen {
                (seen, moved) = (stage.operations(), Instant::now());
            }
            assert!(moved.elapsed() < PATIENCE, "nobody gets on: {stage:?}");
        }
        workers.iter_mut().for_each(Child::kill_and_wait);
        tell_of_a_death();
        worker::check_at_the_end(stage);
        println!("{kills} kills, {} operations, {} deaths reported", seen, stage.reported());
        assert!(seen > kills, "the workers did not get to work");
    });
}
