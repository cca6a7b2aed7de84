//! The pools beside rayon, the threadpool crate, plain threads and Python's Pool, with the bars:
//! `cargo bench -p bench-suite --bench pool`, or `… -- deaths primes` for some of its parts.
//!
//! What is compared takes turns within one run, so that whatever else the machine does is done to all alike.

use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use pool::{Pool, ProcessPool, ThreadPool};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

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

/// Something that is measured: seconds for one round.
type Subject<'a> = (&'static str, Box<dyn FnMut() -> Outcome<f64> + 'a>);

fn timed<T>(work: impl FnOnce() -> T) -> f64 {
    let begun = Instant::now();
    black_box(work());
    begun.elapsed().as_secs_f64()
}

/// The median seconds of each, over rounds that take turns.
fn in_turns(subjects: &mut [Subject<'_>]) -> Outcome<Vec<f64>> {
    let mut all = vec![Vec::new(); subjects.len()];
    for _ in 0..ROUNDS {
        for (subject, seconds) in subjects.iter_mut().zip(&mut all) {
            seconds.push(subject.1()?);
        }
    }
    Ok(all.into_iter().map(median).collect())
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// Python's pool, which does a round when it is told to.
struct Python {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Python {
    /// `None` where there is no Python.
    fn start() -> Option<Python> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/python/pool_rounds.py");
        let mut python = Command::new("python3");
        python.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = python.spawn().ok()?;
        let (to, from) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
        Some(Python { child, to, from })
    }

    fn round(&mut self, what: &str, count: u64) -> Outcome<f64> {
        writeln!(self.to, "{what} {count}")?;
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        Ok(line.trim().parse()?)
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // It is of no use any more, and nobody waits for it but this.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A measured figure and the bar for it.
fn bar(what: &str, figure: f64, unit: &str, holds: bool, wanted: &str) {
    let verdict = if holds { "holds" } else { "MISSED" };
    println!("{what:<66} {figure:>9.2} {unit:<9} bar {wanted:<12} {verdict}");
}

/// Tiny tasks, one to a chunk.
fn tiny_tasks(python: &mut Option<Python>) -> Outcome<()> {
    const COUNT: u64 = 100_000;
    let chunk1 = || Pool::builder().workers(WORKERS).chunk_size(1);
    let (processes, threads) = (chunk1().processes()?, chunk1().threads()?);
    let peer = threadpool::ThreadPool::new(WORKERS);
    processes.map(succ, 0..1000)?;
    let mut subjects: Vec<Subject<'_>> = vec![
        ("ProcessPool", Box::new(|| Ok(timed(|| processes.map(succ, 0..COUNT))))),
        ("ThreadPool", Box::new(|| Ok(timed(|| threads.map(succ, 0..COUNT))))),
        (
            "threadpool",
            Box::new(|| {
                Ok(timed(|| {
                    let (sender, receiver) = mpsc::channel();
                    for n in 0..COUNT {
                        let sender = sender.clone();
                        peer.execute(move || sender.send((n, succ(n))).expect("it is received"));
                    }
                    drop(sender);
                    let mut results = vec![0; COUNT as usize];
                    receiver.into_iter().for_each(|(n, result)| results[n as usize] = result);
                    results
                }))
            }),
        ),
    ];
    if let Some(python) = python {
        subjects
            .push(("Python", Box::new(|| python.round("chunk1", COUNT / 10).map(|s| s * 10.0))));
    }
    let seconds = in_turns(&mut subjects)?;
    let rates: Vec<_> = seconds.iter().map(|seconds| COUNT as f64 / seconds / 1e3).collect();
    for ((name, _), rate) in subjects.iter().zip(&rates) {
        println!("  tiny tasks, chunks of 1: {name:<12} {rate:>9.1} k/s");
    }
    if let Some(python) = rates.get(3) {
        let ratio = rates[0] / python;
        bar("ProcessPool / Python, chunks of 1", ratio, "times", ratio >= 10.0, ">= 10");
    }
    let of_procspawn = rates[0] / 17.0;
    let what = "ProcessPool / procspawn's 17 k/s (noted, not measured here)";
    bar(what, of_procspawn, "times", of_procspawn >= 30.0, ">= 30");
    let ratio = rates[1] / rates[2];
    bar("ThreadPool / threadpool crate, chunks of 1", ratio, "times", ratio >= 0.8, ">= 0.8");
    Ok(())
}

/// Tiny tasks in the chunks that the pools choose.
fn default_chunks(python: &mut Option<Python>) -> Outcome<()> {
    const COUNT: u64 = 1_000_000;
    let (processes, threads) = (ProcessPool::new(WORKERS)?, ThreadPool::new(WORKERS)?);
    processes.map(succ, 0..1000)?;
    let mut subjects: Vec<Subject<'_>> = vec![
        ("ProcessPool", Box::new(|| Ok(timed(|| processes.map(succ, 0..COUNT))))),
        ("ThreadPool", Box::new(|| Ok(timed(|| threads.map(succ, 0..COUNT))))),
    ];
    if let Some(python) = python {
        subjects.push(("Python", Box::new(|| python.round("map", COUNT))));
    }
    let seconds = in_turns(&mut subjects)?;
    for ((name, _), seconds) in subjects.iter().zip(&seconds) {
        let rate = COUNT as f64 / seconds / 1e6;
        println!("  tiny tasks, default chunks: {name:<12} {rate:>9.2} M/s");
    }
    if let Some(python) = seconds.get(2) {
        let ratio = python / seconds[0];
        bar("ProcessPool / Python, default chunks", ratio, "times", ratio >= 2.0, ">= 2");
    }
    Ok(())
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
fn round_trips(python: &mut Option<Python>) -> Outcome<()> {
    const COUNT: u64 = 2_000;
    let (processes, threads) = (ProcessPool::new(WORKERS)?, ThreadPool::new(WORKERS)?);
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
    ];
    if let Some(python) = python {
        subjects.push(("Python", Box::new(|| python.round("apply", COUNT))));
    }
    let seconds = in_turns(&mut subjects)?;
    let each: Vec<_> = seconds.iter().map(|seconds| seconds / COUNT as f64 * 1e6).collect();
    for ((name, _), each) in subjects.iter().zip(&each) {
        println!("  apply, warm, there and back: {name:<12} {each:>9.1} µs");
    }
    let what = "ProcessPool::apply / procspawn's 59 µs (noted, not measured here)";
    let ratio = each[0] / 59.0;
    bar(what, ratio, "times", ratio <= 0.5, "<= 0.5");
    Ok(())
}

/// A task for the processor alone, split in the same way for all.
fn counting_primes() -> Outcome<()> {
    const BELOW: u64 = 2_000_000;
    let ranges = || (0..64).map(|n| (n * BELOW / 64, (n + 1) * BELOW / 64));
    let (processes, threads) = (ProcessPool::new(WORKERS)?, ThreadPool::new(WORKERS)?);
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
    let milliseconds = median(seconds) * 1e3;
    let what = "ProcessPool::new(8) to its first result";
    bar(what, milliseconds, "ms", milliseconds <= 20.0, "<= 20");
    let pool = ProcessPool::new(8)?;
    pool.map(succ, 0..1000)?;
    let workers = pool.stats().workers;
    let private = workers.iter().map(|worker| private_memory(worker.pid));
    let private = median(private.collect::<Outcome<Vec<_>>>()?);
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
type Part = (&'static str, fn(&mut Option<Python>) -> Outcome<()>);

const PARTS: [Part; 7] = [
    ("tiny", tiny_tasks),
    ("default", default_chunks),
    ("small", |_| small_items()),
    ("apply", round_trips),
    ("primes", |_| counting_primes()),
    ("beginning", |_| beginning()),
    ("deaths", |_| deaths()),
];

fn run(wanted: &[String]) -> Outcome<()> {
    let mut python = Python::start();
    // For Python to make its workers.
    if let Some(python) = &mut python {
        python.round("map", 1000)?;
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
