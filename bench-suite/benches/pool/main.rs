//! The pools beside rayon, the threadpool and procspawn crates, plain threads and Python's Pool, with the bars:
//! `cargo bench -p bench-suite --bench pool`, or `… -- deaths primes` for some of its parts.
//!
//! What is compared takes turns within one run, so that whatever else the machine does is done to all alike.

mod peers;
mod tiny;

use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use pool::{Pool, ProcessPool, ThreadPool};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use bench_suite::Script;
use bench_suite::turns::{self, Subject, median};
use peers::Procspawn;

type Outcome<T> = Result<T, Box<dyn Error>>;

const ROUNDS: usize = 9;
const WORKERS: usize = 2;

fn succ(n: u64) -> u64 {
    n + 1
}

/// About ten microseconds of work.
fn ten_microseconds(n: u64) -> u64 {
    (0..4_000).fold(n, |sum, step| black_box(sum ^ step).wrapping_mul(3))
}

fn primes(from: u64, to: u64) -> u64 {
    let is_prime =
        |n: u64| n >= 2 && (2..).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d));
    (from..to).filter(|n| is_prime(*n)).count() as u64
}

fn timed<T>(work: impl FnOnce() -> T) -> f64 {
    let begun = Instant::now();
    black_box(work());
    begun.elapsed().as_secs_f64()
}

/// The median seconds of each.
fn in_turns(subjects: &mut [Subject<'_>]) -> Outcome<Vec<f64>> {
    turns::in_turns(ROUNDS, subjects)
}

/// A measured figure and the bar for it.
fn bar(what: &str, figure: f64, unit: &str, holds: bool, wanted: &str) {
    let verdict = if holds { "holds" } else { "MISSED" };
    println!("{what:<66} {figure:>9.2} {unit:<9} bar {wanted:<12} {verdict}");
}

/// Items of ten microseconds, beside rayon.
fn small_items() -> Outcome<()> {
    const COUNT: u64 = 20_000;
    let threads = ThreadPool::new(WORKERS)?;
    let rayon = rayon::ThreadPoolBuilder::new().num_threads(WORKERS).build()?;
    let mut subjects: Vec<Subject<'_>> = vec![
        ("ThreadPool", Box::new(|| Ok(timed(|| threads.map(ten_microseconds, 0..COUNT))))),
        (
            "rayon",
            Box::new(|| {
                let all = || (0..COUNT).into_par_iter().map(ten_microseconds).collect::<Vec<_>>();
                Ok(timed(|| rayon.install(all)))
            }),
        ),
    ];
    let seconds = in_turns(&mut subjects)?;
    let each = seconds[1] * WORKERS as f64 / COUNT as f64 * 1e6;
    println!("  an item of rayon's takes {each:.1} µs");
    let ratio = seconds[0] / seconds[1];
    bar("ThreadPool's time / rayon's, items of 10 µs", ratio, "times", ratio <= 1.2, "<= 1.2");
    Ok(())
}

/// One task at a time, there and back.
fn round_trips(python: &mut Option<Script>) -> Outcome<()> {
    const COUNT: u64 = 2_000;
    let (processes, threads) = (ProcessPool::new(WORKERS)?, ThreadPool::new(WORKERS)?);
    let procspawn = Procspawn::start()?;
    processes.map(succ, 0..1000)?;
    let mut subjects: Vec<Subject<'_>> = vec![
        (
            "ProcessPool",
            Box::new(|| {
                Ok(timed(|| (0..COUNT).try_for_each(|n| processes.apply(succ, n).map(drop))))
            }),
        ),
        (
            "ThreadPool",
            Box::new(|| {
                Ok(timed(|| (0..COUNT).try_for_each(|n| threads.apply(succ, n).map(drop))))
            }),
        ),
        ("procspawn", Box::new(|| procspawn.one_by_one(COUNT))),
    ];
    if let Some(python) = python {
        subjects.push(("Python", Box::new(|| python.round(&format!("apply {COUNT}")))));
    }
    let seconds = in_turns(&mut subjects)?;
    let each: Vec<_> = seconds.iter().map(|seconds| seconds / COUNT as f64 * 1e6).collect();
    for ((name, _), each) in subjects.iter().zip(&each) {
        println!("  apply, warm, there and back: {name:<12} {each:>9.1} µs");
    }
    let ratio = each[0] / each[2];
    bar("ProcessPool::apply / procspawn's Pool", ratio, "times", ratio <= 0.5, "<= 0.5");
    Ok(())
}

/// A task for the processor alone, split in the same way for all.
fn counting_primes() -> Outcome<()> {
    const BELOW: u64 = 2_000_000;
    let ranges = || (0..64).map(|n| (n * BELOW / 64, (n + 1) * BELOW / 64));
    // A range to a chunk, as the plain threads have it.
    let one_by_one = || Pool::builder().workers(WORKERS).chunk_size(1);
    let (processes, threads) = (one_by_one().processes()?, one_by_one().threads()?);
    processes.map(succ, 0..1000)?;
    let plain = || {
        thread::scope(|scope| {
            let share = |worker: usize| {
                let mine = ranges().skip(worker).step_by(WORKERS);
                scope.spawn(move || mine.map(|(from, to)| primes(from, to)).sum::<u64>())
            };
            let shares: Vec<_> = (0..WORKERS).map(share).collect();
            shares.into_iter().map(|share| share.join().unwrap_or(0)).sum::<u64>()
        })
    };
    let mut subjects: Vec<Subject<'_>> = vec![
        ("plain threads", Box::new(|| Ok(timed(plain)))),
        ("ThreadPool", Box::new(|| Ok(timed(|| threads.starmap(primes, ranges()))))),
        ("ProcessPool", Box::new(|| Ok(timed(|| processes.starmap(primes, ranges()))))),
    ];
    let seconds = in_turns(&mut subjects)?;
    for (n, what) in
        [(1, "primes: ThreadPool / plain threads"), (2, "primes: ProcessPool / plain threads")]
    {
        let ratio = seconds[0] / seconds[n];
        bar(what, ratio, "times", ratio >= 0.97, ">= 0.97");
    }
    Ok(())
}

/// From nothing to the first result of eight workers, and what an idle one costs.
fn beginning() -> Outcome<()> {
    let mut seconds = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let pool = ProcessPool::new(8)?;
        pool.apply(succ, 1)?;
        seconds.push(begun.elapsed().as_secs_f64());
    }
    let milliseconds = median(&seconds) * 1e3;
    let what = "ProcessPool::new(8) to its first result";
    bar(what, milliseconds, "ms", milliseconds <= 20.0, "<= 20");
    let pool = ProcessPool::new(8)?;
    pool.map(succ, 0..1000)?;
    let workers = pool.stats().workers;
    let private = workers.iter().map(|worker| private_memory(worker.pid));
    let private = median(&private.collect::<Outcome<Vec<_>>>()?);
    bar("private memory of an idle worker", private, "MiB", private <= 3.0, "<= 3");
    Ok(())
}

/// In MiB.
fn private_memory(pid: u32) -> Outcome<f64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let private = rollup.lines().filter(|line| line.starts_with("Private_"));
    let kib = private.filter_map(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    Ok(kib.sum::<f64>() / 1024.0)
}

fn mortal(n: u64) -> u64 {
    if n == u64::MAX {
        std::process::abort();
    }
    ten_microseconds(n)
}

/// What a death costs the rest of a run.
fn deaths() -> Outcome<()> {
    const COUNT: u64 = 10_000;
    let pool = Arc::new(ProcessPool::new(WORKERS)?);
    pool.map(succ, 0..1000)?;
    let without = || (0..COUNT).collect::<Vec<_>>();
    let with = || (0..COUNT).map(|n| if n == COUNT / 2 { u64::MAX } else { n }).collect::<Vec<_>>();
    let mut subjects: Vec<Subject<'_>> = vec![
        ("without", Box::new(|| Ok(timed(|| pool.map_each(mortal, without()))))),
        ("with a death", Box::new(|| Ok(timed(|| pool.map_each(mortal, with()))))),
    ];
    let seconds = in_turns(&mut subjects)?;
    let cost = (seconds[1] - seconds[0]) * 1e3;
    bar("a worker's death costs the rest of the run", cost, "ms", cost < 10.0, "< 10");
    Ok(())
}

/// A part of the bench, with what it is called.
type Part = (&'static str, fn(&mut Option<Script>) -> Outcome<()>);

const PARTS: [Part; 8] = [
    ("tiny", tiny::one_to_a_chunk),
    ("default", tiny::default_chunks),
    ("queued", |_| tiny::queued()),
    ("small", |_| small_items()),
    ("apply", round_trips),
    ("primes", |_| counting_primes()),
    ("beginning", |_| beginning()),
    ("deaths", |_| deaths()),
];

fn run(wanted: &[String]) -> Outcome<()> {
    let names = PARTS.map(|(name, _)| name);
    if let Some(unknown) = wanted.iter().find(|it| !names.contains(&it.as_str())) {
        return Err(format!("there is no part {unknown:?}, but {}", names.join(", ")).into());
    }
    let mut python = Script::start("pool_rounds.py");
    // For Python to make its workers.
    if let Some(python) = &mut python {
        python.round("map 1000")?;
    }
    let begun = Instant::now();
    for (name, part) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|it| it == name) {
            part(&mut python)?;
        }
    }
    println!("all in {:.0?}", Duration::from_secs(begun.elapsed().as_secs()));
    Ok(())
}

fn main() -> ExitCode {
    proc_spawn::init();
    procspawn::init();
    // `cargo test --benches` only wants to know that it runs.
    let (options, wanted): (Vec<_>, Vec<_>) =
        env::args().skip(1).partition(|argument| argument.starts_with("--"));
    if options.iter().any(|option| option == "--test") {
        return ExitCode::SUCCESS;
    }
    match run(&wanted) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
