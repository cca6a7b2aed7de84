//! Whole families of processes are killed at random instants, parents, children and fork servers.
//!
//! `TANDEM_CHAOS_SECONDS` sets how long (2 by default), `TANDEM_CHAOS_SEED` repeats a run's choices.
#![cfg(any(target_os = "linux", windows))]

mod sys;
mod watchdog;

use std::time::{Duration, Instant, SystemTime};
use std::{env, thread};

use ipc::{RecvError, Sender, channel};
use proc_spawn::{Builder, JoinError, Process, SpawnError, StartMethod};
use sys::{METHODS, all_children, kill, members};
use watchdog::{watch, watch_for};

proc_spawn::enable_test_support!();

/// In the environment of everybody of one family, with its number.
const FAMILY: &str = "TANDEM_CHAOS_FAMILY";

/// Nobody is left when this has passed since the last parent died.
const SOON: Duration = Duration::from_secs(1);

/// Goes down with the test.
fn daemon() -> Builder<Process> {
    Process::builder().daemon(true)
}

fn setting(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

/// Numbers that look random.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

fn work(_alive: Sender<()>, n: u64, turns: u64) -> u64 {
    for _ in 0..turns {
        thread::yield_now();
    }
    2 * n
}

/// Starts children, by all methods, and kills some, its fork servers included, for ever.
fn family(alive: Sender<()>, seed: u64) {
    let mut dice = Dice(seed | 1);
    loop {
        let mut children = Vec::new();
        for n in 0..4 {
            let method = METHODS[dice.roll(METHODS.len() as u64) as usize];
            let builder = daemon().start_method(method);
            match builder.spawn(work, (alive.clone(), n, dice.roll(200))) {
                Ok(child) => children.push((n, child)),
                // Its server was killed each time.
                Err(SpawnError::System { .. }) if method == StartMethod::ForkServer => {}
                Err(error) => panic!("{error}"),
            }
            let everybody = all_children();
            if dice.roll(3) == 0 && !everybody.is_empty() {
                kill(everybody[dice.roll(everybody.len() as u64) as usize]);
            }
        }
        for (n, child) in children {
            match child.join() {
                Ok(double) => assert_eq!(double, 2 * n),
                Err(JoinError::Crashed { signal: 9, .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn whoever_is_killed_there_is_no_orphan_no_hang_and_no_wrong_result() {
    let seconds = setting("TANDEM_CHAOS_SECONDS").unwrap_or(2);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as u64;
    let seed = setting("TANDEM_CHAOS_SEED").unwrap_or(now);
    println!("TANDEM_CHAOS_SEED={seed}");
    let _watchdog = watch_for("the massacre", Duration::from_secs(seconds + 60));
    let mut dice = Dice(seed | 1);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut families = 0;
    while Instant::now() < end {
        let _watchdog = watch("a family");
        families += 1;
        let (alive, dead) = channel::<()>(1).unwrap();
        let number = now.wrapping_add(families).to_string();
        let builder = daemon().env(FAMILY, &number);
        let head = builder.spawn(family, (alive, dice.roll(u64::MAX))).unwrap();
        // sleep: the moment of the kill is random, and that is the test
        thread::sleep(Duration::from_micros(dice.roll(60_000)));
        head.kill().unwrap();
        let killed = head.join();
        assert!(matches!(killed, Err(JoinError::Crashed { signal: 9, .. })), "{killed:?}");
        let soon = Instant::now() + SOON;
        let left = dead.recv_timeout(SOON);
        assert!(matches!(left, Err(RecvError::Disconnected)), "{left:?}");
        // Who has no part in the program yet, or never: there is no event for its end.
        let left = || members(FAMILY, &number);
        while !left().is_empty() {
            assert!(Instant::now() < soon, "left behind: {:?}", left());
            thread::yield_now();
        }
    }
    println!("{families} families");
}
