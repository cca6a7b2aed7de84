//! Clients of a manager are killed at random moments, and every update is accounted for.
//!
//! `TANDEM_CHAOS_SECONDS` sets how long (2 by default), `TANDEM_CHAOS_SEED` repeats a run's choices.

mod watchdog;

use std::env;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ipc::{DictProxy, LockProxy, Manager, ManagerError, Shared, ValueProxy, usage};
use proc_spawn::Process;
use watchdog::watch;

proc_spawn::enable_test_support!();

/// Clients there can be in one run, one after the other.
const LIVES: usize = 1 << 16;
/// How many at a time.
const CLIENTS: usize = 4;

/// How many updates each client knows to be done, and how often a lock was not what it should be.
type Known = Shared<[AtomicU64; LIVES + 1]>;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Objects {
    counts: DictProxy<u32, u64>,
    lock: LockProxy,
    /// Under the lock: not zero while somebody is inside.
    inside: ValueProxy<u32>,
}

fn use_all(objects: Objects, known: Known, life: u32) {
    // The end of the run is the end of the manager.
    if let Err(error) = use_until_gone(&objects, &known, life) {
        assert!(matches!(error, ManagerError::Gone), "{error}");
    }
}

fn use_until_gone(objects: &Objects, known: &Known, life: u32) -> Result<(), ManagerError> {
    let Objects { counts, lock, inside } = objects;
    for number in 1.. {
        counts.update_value(life, 0, |count| *count += 1)?;
        known[life as usize].store(number, Ordering::Release);
        if number % 4 == 0 {
            let guard = lock.lock()?;
            let before = inside.replace(life)?;
            if before != 0 && guard.owner_died().is_none() {
                known[LIVES].fetch_add(1, Ordering::Relaxed);
            }
            inside.set(0)?;
        }
    }
    Ok(())
}

fn number_from(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

#[test]
fn no_update_is_lost_or_done_twice_and_no_lock_stays_with_the_dead() {
    let seconds = number_from("TANDEM_CHAOS_SECONDS").unwrap_or(2);
    let seed =
        number_from("TANDEM_CHAOS_SEED").unwrap_or_else(|| u64::from(std::process::id()) << 7 | 1);
    println!("seed {seed}");
    let _watchdog = (seconds < 30).then(|| watch("chaos of managers"));
    // The table is made on the stack, and is larger than a test's.
    let run = move || run(Duration::from_secs(seconds), seed);
    let thread = std::thread::Builder::new().stack_size(32 << 20).spawn(run);
    thread.expect("a thread").join().expect("no panic");
}

fn run(time: Duration, mut random: u64) {
    let mut below = move |limit: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % limit
    };
    let before = usage().expect("a program");
    let manager = Manager::start::<Process>().expect("a manager");
    let objects = Objects {
        counts: manager.dict().expect("a dict"),
        lock: manager.lock().expect("a lock"),
        inside: manager.value(0).expect("a value"),
    };
    let known: Known = Shared::new([const { AtomicU64::new(0) }; LIVES + 1]).expect("memory");
    // Life 0 is nobody's: a zero in `inside` is nobody.
    let mut lives = 1;
    let mut client = || {
        let args = (objects.clone(), known.clone(), lives);
        lives += 1;
        Process::spawn(use_all, args).expect("a client")
    };
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| client()).collect();
    let (begun, mut kills) = (Instant::now(), 0u64);
    while begun.elapsed() < time && kills < LIVES as u64 - 16 {
        // sleep: the moment of the kill is what is random here.
        std::thread::sleep(Duration::from_micros(below(20_000)));
        let victim = &mut clients[below(CLIENTS as u64) as usize];
        victim.kill().expect("killed");
        std::mem::replace(victim, client()).join().expect_err("it was killed");
        kills += 1;
    }
    for client in &clients {
        client.kill().expect("killed");
    }
    clients.into_iter().for_each(|client| drop(client.join()));
    // Nobody has it any more: what the last one had is given back.
    drop(objects.lock.lock().expect("a lock"));
    let counts = objects.counts.to_map().expect("all of it");
    let (mut total, mut lost, mut doubled) = (0, 0, 0);
    for life in 1..lives {
        let known = known[life as usize].load(Ordering::Acquire);
        let count = counts.get(&life).copied().unwrap_or(0);
        total += count;
        lost += known.saturating_sub(count);
        // One may be done that its client did not live to know of.
        doubled += count.saturating_sub(known + 1);
    }
    let unlocked = known[LIVES].load(Ordering::Relaxed);
    println!(
        "{total} updates, {kills} kills: {lost} lost, {doubled} doubled, {unlocked} times two inside a lock"
    );
    assert!(total > 0 && lost == 0 && doubled == 0 && unlocked == 0);
    drop((objects, known, manager));
    assert_eq!(usage().expect("a program"), before, "something of the dead is left");
}
