//! The primitives of sync-prims beside std's, parking_lot's and pthread's: `cargo bench -p bench-suite --bench sync`.
//!
//! Criterion's figures come first, one after the other. The ratios at the end are of rounds that took turns,
//! so that whatever else the machine did meanwhile was done to all alike.

use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Barrier;
use std::time::{Duration, Instant};
use std::{env, thread};

use bench_suite::turns::{self, Subject, median};
use bench_suite::{PthreadMutex, lock_deaths};
use criterion::{BenchmarkId, Criterion};
use ipc::Shared;
use sync_prims::{process, thread as threads};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Everything that is measured, and how: one operation, with its way in and out.
struct Subjects {
    standard: std::sync::Mutex<u64>,
    parking_lot: parking_lot::Mutex<u64>,
    pthread: PthreadMutex,
    pthread_robust: PthreadMutex,
    lock: threads::Lock<u64>,
    shared_lock: Shared<process::Lock<u64>>,
    semaphore: threads::Semaphore,
    shared_semaphore: Shared<process::Semaphore>,
    rwlock: threads::RwLock<u64>,
    shared_rwlock: Shared<process::RwLock<u64>>,
}

/// One operation, so many times.
type Work<'a> = Box<dyn Fn(u64) + Sync + 'a>;

fn repeat<'a>(operation: impl Fn() + Sync + 'a) -> Work<'a> {
    Box::new(move |times| (0..times).for_each(|_| operation()))
}

impl Subjects {
    fn new() -> Outcome<Self> {
        Ok(Self {
            standard: std::sync::Mutex::new(0),
            parking_lot: parking_lot::Mutex::new(0),
            pthread: PthreadMutex::new(false)?,
            pthread_robust: PthreadMutex::new(true)?,
            lock: threads::Lock::new(0),
            shared_lock: Shared::new(process::Lock::new(0))?,
            semaphore: threads::Semaphore::new(1),
            shared_semaphore: Shared::new(process::Semaphore::new(1))?,
            rwlock: threads::RwLock::new(0),
            shared_rwlock: Shared::new(process::RwLock::new(0))?,
        })
    }

    /// Lock, add one, unlock.
    fn locks(&self) -> Vec<(&'static str, Work<'_>)> {
        let ours = &*self.shared_lock;
        vec![
            ("std", repeat(|| *black_box(&self.standard).lock().unwrap() += 1)),
            ("parking_lot", repeat(|| *black_box(&self.parking_lot).lock() += 1)),
            ("pthread pshared", repeat(|| black_box(&self.pthread).update(|value| *value += 1))),
            (
                "pthread pshared+robust",
                repeat(|| black_box(&self.pthread_robust).update(|value| *value += 1)),
            ),
            ("thread", repeat(|| *black_box(&self.lock).lock().unwrap() += 1)),
            ("process", repeat(move || *black_box(ours).lock().unwrap() += 1)),
        ]
    }

    /// Acquire and give back; read.
    fn others(&self) -> Vec<(&'static str, Work<'_>)> {
        let (semaphore, rwlock) = (&*self.shared_semaphore, &*self.shared_rwlock);
        let read = |value: &u64| {
            black_box(*value);
        };
        vec![
            ("semaphore thread", repeat(|| drop(black_box(&self.semaphore).acquire()))),
            ("semaphore process", repeat(move || drop(black_box(semaphore).acquire()))),
            ("read thread", repeat(move || read(&black_box(&self.rwlock).read().unwrap()))),
            ("read process", repeat(move || read(&black_box(rwlock).read().unwrap()))),
        ]
    }
}

/// How long several threads take for it, each so many times, from when all are there.
fn contended(work: &Work<'_>, times: u64) -> Duration {
    let count = thread::available_parallelism().map_or(2, |count| count.get().min(8)).max(2);
    let start = Barrier::new(count + 1);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..count)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    work(times);
                })
            })
            .collect();
        start.wait();
        let begun = Instant::now();
        for worker in workers {
            worker.join().expect("no worker panics");
        }
        begun.elapsed()
    })
}

fn alone(work: &Work<'_>, times: u64) -> Duration {
    let begun = Instant::now();
    work(times);
    begun.elapsed()
}

fn criterion(subjects: &Subjects) {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20)
        .configure_from_args();
    let mut group = criterion.benchmark_group("uncontended");
    for (name, work) in subjects.locks().iter().chain(&subjects.others()) {
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter_custom(|times| alone(work, times));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("contended");
    for (name, work) in &subjects.locks() {
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter_custom(|times| contended(work, times));
        });
    }
    group.finish();
    criterion.final_summary();
}

/// The median seconds of each, over rounds that take turns.
fn in_turns(
    works: &[(&'static str, Work<'_>)],
    measure: fn(&Work<'_>, u64) -> Duration,
    (rounds, times): (usize, u64),
) -> Outcome<Vec<f64>> {
    let mut subjects: Vec<Subject<'_>> = Vec::new();
    for (name, work) in works {
        subjects.push((name, Box::new(move || Ok(measure(work, times).as_secs_f64()))));
    }
    turns::in_turns(rounds, &mut subjects)
}

/// The bars that were set for the primitives, and where they are.
fn bars(subjects: &Subjects) -> Outcome<()> {
    let locks = subjects.locks();
    let quiet = in_turns(&locks, alone, (101, 20_000))?;
    let busy = in_turns(&locks, contended, (41, 5_000))?;
    let others = in_turns(&subjects.others(), alone, (101, 20_000))?;
    let ratio = |one: f64, two: f64| one / two;
    let print =
        |what: &str, ratio: f64, most: f64| println!("{what:<56} {ratio:>6.2}  (at most {most})");
    println!("\nratios of medians, in turns:");
    print("thread Lock / std Mutex, uncontended", ratio(quiet[4], quiet[0]), 1.05);
    print("thread Lock / std Mutex, contended", ratio(busy[4], busy[0]), 1.05);
    let robust = "process Lock / pthread pshared+robust, uncontended";
    print(robust, ratio(quiet[5], quiet[3]), 1.0);
    print("process Semaphore / thread Semaphore", ratio(others[1], others[0]), 2.0);
    print("process RwLock read / thread RwLock read", ratio(others[3], others[2]), 2.0);
    let contended = ratio(busy[5], busy[3]);
    println!("{:<56} {contended:>6.2}", "process Lock / pthread pshared+robust, contended");
    Ok(())
}

/// The median seconds from the kill of a lock's owner to the moment at which a waiter has the lock.
fn recovery() -> Outcome<f64> {
    let mut die = lock_deaths()?;
    let seconds = (0..50).map(|_| Ok(die()?.as_secs_f64())).collect::<Outcome<Vec<_>>>()?;
    Ok(median(&seconds))
}

fn run() -> Outcome<()> {
    let subjects = Subjects::new()?;
    criterion(&subjects);
    // Criterion takes `--test` and names of its own; the rest is for a whole measurement.
    if env::args().skip(1).all(|argument| argument == "--bench") {
        bars(&subjects)?;
        let p50 = recovery()? * 1e6;
        println!(
            "{:<56} {p50:>6.0} µs (bar 1000)",
            "a killed owner's lock is taken over after, p50"
        );
    }
    Ok(())
}

fn main() -> ExitCode {
    proc_spawn::init();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
