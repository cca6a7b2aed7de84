//! Workers, agents, submitters and the server are killed at random moments under load; every task is accounted for
//! exactly once, and nothing hangs.
//!
//! `TANDEM_CHAOS_SECONDS` sets how long (2 by default), `TANDEM_CHAOS_SEED` repeats a run's choices.

mod cluster;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use cluster::{AgentProcess, Cluster, try_kill, watch};
use pool::{Pool, TaskError};
use pool_nats::{ClusterOptions, ClusterPool};
use proc_spawn::{Failure, Process};

proc_spawn::enable_test_support!();

/// Nothing that waits for a task waits longer, with deaths and new members on the way.
const HANG: Duration = Duration::from_secs(30);

/// In bytes. It does not fit into a message.
const TOO_LARGE: usize = 1_100_000;

/// An answer says who has made it.
type Answer = (u64, u32, Vec<u8>);

fn work(n: u64, load: Vec<u8>) -> Answer {
    assert!(load.iter().all(|byte| *byte == n as u8));
    for spin in 0..(n % 7) * 20_000 {
        std::hint::black_box(spin);
    }
    let size = if n.is_multiple_of(97) {
        TOO_LARGE
    } else if n.is_multiple_of(13) {
        50_000
    } else {
        10
    };
    (n, process::id(), vec![n as u8; size])
}

fn item(n: u64) -> (u64, Vec<u8>) {
    let size = if n.is_multiple_of(89) {
        TOO_LARGE
    } else if n.is_multiple_of(11) {
        30_000
    } else {
        5
    };
    (n, vec![n as u8; size])
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

/// How many came to what, and who was heard of last.
#[derive(Debug, Default)]
struct Account {
    done: u64,
    died: u64,
    workers: Vec<u32>,
}

impl Account {
    fn take(&mut self, n: u64, result: Result<Answer, TaskError>) {
        match result {
            Ok((same, worker, bytes)) => {
                assert!(same == n && bytes.iter().all(|byte| *byte == n as u8));
                self.done += 1;
                if self.workers.len() == 16 {
                    self.workers.remove(0);
                }
                self.workers.push(worker);
            }
            Err(TaskError::WorkerDied { signal: Some(9), .. }) => self.died += 1,
            Err(other) => panic!("item {n}: {other:?}"),
        }
    }
}

/// Submits until it is killed.
fn submit_for_ever(url: String, token: String) -> Result<(), Failure> {
    let pool = ClusterPool::connect(&url, &token, ClusterOptions::new().wait(HANG))?;
    for round in 0.. {
        pool.map_each(work, (round..round + 50).map(item));
    }
    Ok(())
}

#[test]
fn every_task_is_accounted_for_once_whoever_is_killed() {
    let seconds = number_from("TANDEM_CHAOS_SECONDS").unwrap_or(2);
    let seed =
        number_from("TANDEM_CHAOS_SEED").unwrap_or_else(|| u64::from(process::id()) << 7 | 1);
    println!("seed {seed}");
    let _watchdog = (seconds < 10).then(|| watch("chaos"));
    let mut random = Random(seed);
    let Some(mut cluster) = Cluster::start(&[1, 1]) else { return };
    let retries = random.below(2) as u32;
    let settings = Pool::builder().chunk_size(1 + random.below(20) as usize).retries(retries);
    let pool = cluster.pool(settings);
    let (account, is_over) = (Mutex::new(Account::default()), AtomicBool::new(false));
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut kills = [0; 4];
    let begin_submitter = |cluster: &Cluster| {
        let args = (cluster.server.url(), cluster.server.token().to_owned());
        Process::<()>::builder().daemon(true).spawn(submit_for_ever, args).expect("a submitter")
    };
    let mut submitter = begin_submitter(&cluster);
    thread::scope(|scope| {
        for _ in 0..2 {
            let mut random = Random(random.below(u64::MAX) | 1);
            let (pool, account, is_over) = (&pool, &account, &is_over);
            scope.spawn(move || {
                let stop = Stop(is_over);
                while Instant::now() < end {
                    use_once(pool, &mut random, account);
                }
                drop(stop);
            });
        }
        while !is_over.load(Relaxed) {
            // sleep: the moment of the kill is what is random here
            thread::sleep(Duration::from_millis(20 + random.below(200)));
            match random.below(20) {
                0..10 => {
                    let workers = std::mem::take(&mut account.lock().expect("no panic").workers);
                    let worker = workers.into_iter().find(|pid| is_ours(*pid));
                    kills[0] += u64::from(worker.is_some_and(try_kill));
                }
                10..16 => {
                    let victim = random.below(2) as usize;
                    cluster.agents.swap_remove(victim).kill();
                    cluster.agents.push(AgentProcess::start(&cluster.server, 1));
                    kills[1] += 1;
                }
                16..18 => {
                    cluster.server.kill();
                    cluster.server.restart();
                    kills[2] += 1;
                }
                _ => {
                    // It may have been ended by what was done to its cluster.
                    let _ = submitter.kill();
                    submitter = begin_submitter(&cluster);
                    kills[3] += 1;
                }
            }
        }
    });
    pool.join();
    let Account { done, died, .. } = account.into_inner().expect("no panic");
    let [workers, agents, servers, submitters] = kills;
    println!(
        "killed {workers} workers, {agents} agents, the server {servers} times, {submitters} submitters; \
         {done} tasks done, {died} died"
    );
    assert!(done > 0 && died <= workers, "{died} tasks died of {workers} deaths");
    let _ = submitter.kill();
}

/// Ends the killing, also if a user of the pool panics.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Whether there is a process of this program under that number.
fn is_ours(pid: u32) -> bool {
    let image = |pid: &str| fs::read_link(format!("/proc/{pid}/exe")).ok();
    image(&pid.to_string()).is_some_and(|found| Some(found) == image("self"))
}

fn use_once(pool: &ClusterPool, random: &mut Random, account: &Mutex<Account>) {
    let count = random.below(150);
    let take = |n, result| account.lock().expect("no panic").take(n, result);
    match random.below(3) {
        0 => {
            let mut task = pool.map_async(|n: u64| n, 0..count);
            match task.get_timeout(HANG).expect("it hangs") {
                Ok(results) => assert_eq!(results, (0..count).collect::<Vec<_>>()),
                Err(error) => take(u64::MAX, Err(error)),
            }
        }
        1 => {
            let mut results = pool.imap(work, (0..count).map(item));
            for n in 0..count {
                let next = results.next_timeout(HANG).expect("it hangs");
                take(n, next.expect("one for each item"));
            }
            assert!(results.next().is_none(), "one for each item");
        }
        _ => {
            let tasks: Vec<_> = (0..count).map(|n| pool.submit(work, item(n))).collect();
            for (n, mut task) in (0..).zip(tasks) {
                if random.below(10) == 0 {
                    task.cancel();
                    let result = task.get_timeout(HANG).expect("it hangs");
                    let is_fine = matches!(
                        result,
                        Ok(_) | Err(TaskError::Cancelled | TaskError::WorkerDied { .. })
                    );
                    assert!(is_fine, "{result:?}");
                } else {
                    take(n, task.get_timeout(HANG).expect("it hangs"));
                }
            }
        }
    }
}
