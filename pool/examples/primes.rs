//! Counts the primes below a number by trial division: one after the other, on threads, and on
//! processes.
//!
//! `cargo run --release -p pool --example primes [N]`, where N is 5000000 if it is not given.

use std::env;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use pool::Pool;
use proc_spawn::{Failure, cpu_count};

/// How many ranges the numbers are split into. Higher numbers take longer, so there are many more
/// ranges than workers.
const RANGES: u64 = 256;

fn is_prime(n: u64) -> bool {
    if n < 4 {
        return n > 1;
    }
    if n.is_multiple_of(2) || n.is_multiple_of(3) {
        return false;
    }
    let mut divisor = 5;
    while divisor <= n / divisor {
        if n.is_multiple_of(divisor) || n.is_multiple_of(divisor + 2) {
            return false;
        }
        divisor += 6;
    }
    true
}

fn count_primes(from: u64, below: u64) -> u64 {
    (from..below).filter(|&n| is_prime(n)).count() as u64
}

/// The ranges that make up the numbers below `n`.
fn ranges(n: u64) -> Vec<(u64, u64)> {
    let border = |part: u64| (u128::from(n) * u128::from(part) / u128::from(RANGES)) as u64;
    (0..RANGES).map(|part| (border(part), border(part + 1))).collect()
}

fn argument() -> Result<u64, String> {
    let arguments: Vec<String> =
        env::args_os().skip(1).map(|text| text.to_string_lossy().into_owned()).collect();
    match &arguments[..] {
        [] => Ok(5_000_000),
        [number] => {
            number.parse().map_err(|error| format!("`{number}` is no such number: {error}"))
        }
        _ => Err(format!("one argument at most, not {}", arguments.len())),
    }
}

fn timed(
    what: &str,
    sequential: Option<Duration>,
    count: impl FnOnce() -> Result<u64, Failure>,
) -> Result<(u64, Duration), Failure> {
    let start = Instant::now();
    let primes = count()?;
    let time = start.elapsed();
    print!("{what:<12} {primes} primes in {:.2} s", time.as_secs_f64());
    match sequential {
        Some(sequential) => {
            println!(", {:.2} times as fast", sequential.as_secs_f64() / time.as_secs_f64());
        }
        None => println!(),
    }
    Ok((primes, time))
}

fn run(n: u64) -> Result<bool, Failure> {
    let workers = cpu_count();
    println!("counting the primes below {n} by trial division, {workers} workers at a time");
    let (expected, time) = timed("sequential", None, || Ok(count_primes(0, n)))?;

    // Only the word for the kind of pool differs.
    let pool = Pool::builder().chunk_size(1).threads()?;
    let threads = timed("ThreadPool", Some(time), || {
        Ok(pool.starmap(count_primes, ranges(n))?.iter().sum())
    })?;
    let pool = Pool::builder().chunk_size(1).processes()?;
    let processes = timed("ProcessPool", Some(time), || {
        Ok(pool.starmap(count_primes, ranges(n))?.iter().sum())
    })?;

    let agree = threads.0 == expected && processes.0 == expected;
    println!("{}", if agree { "all agree" } else { "they disagree" });
    Ok(agree)
}

#[proc_spawn::main]
fn main() -> ExitCode {
    let n = match argument() {
        Ok(n) => n,
        Err(problem) => {
            eprintln!("primes: {problem}");
            eprintln!("usage: primes [N], a whole number: the primes below it are counted");
            return ExitCode::from(2);
        }
    };
    match run(n) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("primes: {failure:#}");
            ExitCode::FAILURE
        }
    }
}
