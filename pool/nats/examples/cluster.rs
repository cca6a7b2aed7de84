//! Counts primes on all machines that run this same program as an agent.
//!
//! With a server as the README sets one up, and its token in a file: on each machine
//! `cargo run --release -p pool-nats --example cluster nats://server:4222 TOKEN_FILE agent`, and on any one
//! `cargo run --release -p pool-nats --example cluster nats://server:4222 TOKEN_FILE`.

use std::time::Instant;
use std::{env, fs};

use pool_nats::{Agent, AgentOptions, ClusterOptions, ClusterPool};
use proc_spawn::Failure;

/// How many numbers a task looks at.
const STEP: u64 = 20_000;

fn is_prime(n: u64) -> bool {
    n > 1 && (2..).take_while(|it| it * it <= n).all(|divisor| !n.is_multiple_of(divisor))
}

/// The primes from here on, and the process that has counted them.
fn count_primes(from: u64) -> (u32, usize) {
    (std::process::id(), (from..from + STEP).filter(|&n| is_prime(n)).count())
}

fn submit(server: &str, token: &str) -> Result<(), Failure> {
    let pool = ClusterPool::connect(server, token, ClusterOptions::new())?;
    let start = Instant::now();
    let mut counted = pool.map(count_primes, (0..100).map(|part| part * STEP))?;
    let primes: usize = counted.iter().map(|(_, primes)| primes).sum();
    counted.sort_unstable();
    counted.dedup_by_key(|(worker, _)| *worker);
    let (workers, took) = (counted.len(), start.elapsed());
    println!("{primes} primes below {}, by {workers} workers in {took:.1?}", 100 * STEP);
    Ok(())
}

#[proc_spawn::main]
fn main() -> Result<(), Failure> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [server, token, role @ ..] = &arguments[..] else {
        println!(
            "cluster SERVER TOKEN_FILE [agent]: it needs a nats-server, see the README of pool-nats"
        );
        return Ok(());
    };
    let token = fs::read_to_string(token)?;
    if role.is_empty() {
        return submit(server, &token);
    }
    println!("an agent of {server}, until it is interrupted");
    Ok(Agent::serve(server, &token, AgentOptions::new())?.until_terminated()?)
}
