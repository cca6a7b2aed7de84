//! Workers are killed at random moments under load; every task is accounted for exactly once, nothing hangs and
//! nothing is left.
//!
//! `TANDEM_CHAOS_SECONDS` sets how long (2 by default), `TANDEM_CHAOS_SEED` repeats a run's choices.

mod sys;
mod watchdog;

use std::process;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, thread};

use ipc::{Receiver, Sender, Shared, usage};
use pool::{Event, Pool, ProcessPool, TaskError};
use proc_spawn::active_children;
use sys::{HANG, METHODS, descriptors, is_kill, kill};
use watchdog::watch;

proc_spawn::enable_test_support!();

/// Makes a worker mortal: each message kills one, whatever it is doing.
fn mortal(die: Receiver<()>) {
    thread::spawn(move || {
        if die.recv().is_ok() {
            kill(&[process::id()]);
        }
    });
}

type Answer = (u64, Vec<u8>, Option<Shared<u64>>);

/// A small or a large result, sometimes with a handle in it, now and then after a while.
fn work(n: u64, load: Vec<u8>) -> Answer {
    assert!(load.iter().all(|byte| *byte == n as u8));
    for spin in 0..(n % 7) * 2_000 {
        std::hint::black_box(spin);
    }
    let size = if n.is_multiple_of(13) { 5_000 } else { n % 90 };
    let handle = n.is_multiple_of(5).then(|| Shared::new(n).expect("memory"));
    (n, vec![n as u8; size as usize], handle)
}

fn item(n: u64) -> (u64, Vec<u8>) {
    (n, vec![n as u8; if n.is_multiple_of(11) { 3_000 } else { n as usize % 50 }])
}

/// How many came to what.
#[derive(Debug, Default, Clone, Copy)]
struct Account {
    done: u64,
    died: u64,
}

impl Account {
    fn take(&mut self, n: u64, result: Result<Answer, TaskError>) {
        match result {
            Ok((same, bytes, handle)) => {
                assert!(same == n && bytes.iter().all(|byte| *byte == n as u8));
                assert!(handle.is_none_or(|handle| *handle == n));
                self.done += 1;
            }
            Err(TaskError::WorkerDied { signal, exitcode, .. }) if is_kill((signal, exitcode)) => {
                self.died += 1;
            }
            Err(other) => panic!("item {n}: {other:?}"),
        }
    }
}

/// Xorshift: enough to choose what to do and when.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn number_from(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

/// The thread that told of the last worker's end lets go of what it has of it a moment later.
fn settle(is_settled: impl Fn() -> bool) {
    let patience = Instant::now() + HANG;
    while !is_settled() {
        let left = (descriptors(), usage().expect("a program"));
        assert!(Instant::now() < patience, "descriptors and shared memory are left: {left:?}");
        thread::yield_now();
    }
}

#[test]
fn every_task_is_accounted_for_once_whoever_is_killed() {
    let seconds = number_from("TANDEM_CHAOS_SECONDS").unwrap_or(2);
    let seed =
        number_from("TANDEM_CHAOS_SEED").unwrap_or_else(|| u64::from(process::id()) << 7 | 1);
    println!("seed {seed}");
    let _watchdog = (seconds < 30).then(|| watch("chaos"));
    let mut random = Random(seed);
    let start = usage().expect("a program");
    // What the first pools make once for all, such as the fork server, is not left over.
    for method in METHODS {
        let pool = Pool::builder().workers(1).start_method(*method).processes().expect("a pool");
        assert!(pool.apply(work, item(1)).is_ok());
    }
    settle(|| usage().expect("a program") == start);
    let before = descriptors();
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut all, mut kills, mut pools) = (Account::default(), 0, 0);
    while Instant::now() < end {
        let life = Duration::from_millis(200 + random.below(1_000));
        let (account, killed) =
            one_pool(&mut random, Instant::now() + life.min(end - Instant::now()));
        all = Account { done: all.done + account.done, died: all.died + account.died };
        kills += killed;
        pools += 1;
        assert!(active_children().is_empty(), "{:?}", active_children());
        settle(|| descriptors() <= before && usage().expect("a program") == start);
    }
    println!("{pools} pools, {kills} kills, {} tasks done, {} died", all.done, all.died);
    assert!(all.done > 0 && kills > 0);
}

/// Uses a pool in every way until its time is up.
fn one_pool(random: &mut Random, end: Instant) -> (Account, u64) {
    let (kill, die) = ipc::channel(1).expect("a channel");
    let deaths = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&deaths);
    let method = METHODS[random.below(METHODS.len() as u64) as usize];
    let retries = random.below(2) as u32;
    let pool = Pool::builder()
        .workers(1 + random.below(4) as usize)
        .chunk_size(1 + random.below(40) as usize)
        .retries(retries)
        .start_method(method)
        .initializer(mortal, die)
        .on_event(move |event| {
            if let Event::WorkerEnded { signal, exitcode, .. } = event
                && is_kill((signal, exitcode))
            {
                *counted.lock().expect("no panic") += 1;
            }
        })
        .processes()
        .expect("a pool");
    let (first, second) = (random.below(u64::MAX), random.below(u64::MAX));
    let stop = AtomicBool::new(false);
    let account = thread::scope(|scope| {
        let killer = scope.spawn(|| kill_until(&stop, &pool, &kill, Random(first | 1)));
        let users = [second | 1, (second / 3) | 1].map(|seed| {
            let pool = &pool;
            scope.spawn(move || use_until(end, pool, Random(seed)))
        });
        let mut sum = Account::default();
        for user in users {
            let account = user.join();
            // The killer is called off whatever a user says.
            stop.store(true, Relaxed);
            let account = account.expect("a user");
            sum = Account { done: sum.done + account.done, died: sum.died + account.died };
        }
        killer.join().expect("the killer");
        sum
    });
    pool.join();
    let deaths = *deaths.lock().expect("no panic");
    assert!(account.died <= deaths, "{} tasks died of {deaths} deaths", account.died);
    (account, deaths)
}

/// Kills go on as long as work does: workers of whom none ever comes to its first task are given up, and
/// that is another test's matter.
fn kill_until(stop: &AtomicBool, pool: &ProcessPool, kill: &Sender<()>, mut random: Random) {
    let done = || pool.stats().workers.iter().map(|worker| worker.tasks_done).sum::<u64>();
    let mut done_before = 0;
    while !stop.load(Relaxed) {
        // sleep: the moment of the kill is what is random here
        thread::sleep(Duration::from_micros(random.below(8_000)));
        let done = done();
        if done > done_before && kill.send_timeout((), Duration::from_millis(10)).is_ok() {
            done_before = done;
        }
    }
}

fn use_until(end: Instant, pool: &ProcessPool, mut random: Random) -> Account {
    let mut account = Account::default();
    while Instant::now() < end {
        let count = random.below(200);
        match random.below(4) {
            0 => {
                let results = pool.map_each(work, (0..count).map(item));
                assert_eq!(results.len() as u64, count);
                (0..count).zip(results).for_each(|(n, result)| account.take(n, result));
            }
            1 => {
                let mut results = pool.imap(work, (0..count).map(item));
                for n in 0..count {
                    let next = results.next_timeout(HANG).expect("it hangs");
                    account.take(n, next.expect("one for each item"));
                }
                assert!(results.next().is_none(), "one for each item");
            }
            2 => {
                let mut seen = vec![false; count as usize];
                let mut results = pool.imap_unordered(work, (0..count).map(item));
                for _ in 0..count {
                    match results.next_timeout(HANG).expect("it hangs").expect("one for each") {
                        Ok(value) => {
                            let again = std::mem::replace(&mut seen[value.0 as usize], true);
                            assert!(!again, "item {} came twice", value.0);
                            account.take(value.0, Ok(value));
                        }
                        error => account.take(u64::MAX, error),
                    }
                }
                assert!(results.next().is_none(), "one for each item");
            }
            _ => {
                for n in 0..count.min(50) {
                    let mut task = pool.submit(work, item(n));
                    if random.below(10) == 0 {
                        task.cancel();
                        let result = task.get_timeout(HANG).expect("it hangs");
                        let fine = matches!(
                            result,
                            Ok(_) | Err(TaskError::Cancelled | TaskError::WorkerDied { .. })
                        );
                        assert!(fine, "{result:?}");
                    } else {
                        account.take(n, task.get_timeout(HANG).expect("it hangs"));
                    }
                }
            }
        }
    }
    account
}
