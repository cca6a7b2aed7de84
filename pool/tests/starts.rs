//! Workers that cannot be started any more.

mod watchdog;

use std::fs::File;
use std::process::{self, Command};

use pool::{Pool, TaskError};
use proc_spawn::{Process, StartMethod};
use watchdog::watch;

proc_spawn::enable_test_support!();

/// How many descriptors a process may have once it has many more.
const LIMIT: usize = 32;

fn double(n: u64) -> u64 {
    2 * n
}

fn die() -> u64 {
    process::abort()
}

/// What becomes of a pool's tasks when its workers have died and this process gets no descriptor more, without
/// which no other can be started.
fn outlive_all_workers(method: StartMethod) -> Vec<Result<u64, TaskError>> {
    // The workers' descriptors come after these, so that none that they leave is within the limit.
    let _all: Vec<_> = (0..LIMIT).map(|_| File::open("/dev/null").expect("a file")).collect();
    let pool = Pool::builder().workers(2).start_method(method).processes().expect("workers");
    assert_eq!(pool.apply(double, 1), Ok(2));
    let (me, limit) = (process::id().to_string(), format!("--nofile={LIMIT}"));
    let limited = Command::new("prlimit").args(["--pid", &me, &limit]).status();
    assert!(limited.expect("there is a prlimit command").success());
    let deaths = [(), ()].map(|()| pool.submit(die, ()));
    let others: Vec<_> = (0..20).map(|n| pool.submit(double, n)).collect();
    deaths.into_iter().chain(others).map(|task| task.get()).collect()
}

fn expect_an_end_with_the_reason(method: StartMethod) {
    let _watchdog = watch("workers that cannot be started");
    let mut results =
        Process::spawn(outlive_all_workers, method).unwrap().join().unwrap().into_iter();
    for death in results.by_ref().take(2) {
        assert!(matches!(death, Err(TaskError::WorkerDied { signal: Some(6), .. })), "{death:?}");
    }
    for other in results {
        let Err(TaskError::Broken(failure)) = &other else { panic!("{other:?}") };
        assert!(format!("{failure:#}").contains("open files"), "{failure:#}");
    }
}

#[test]
fn a_pool_whose_workers_cannot_be_started_any_more_ends_with_the_reason() {
    expect_an_end_with_the_reason(StartMethod::Spawn);
}

#[test]
fn so_does_one_of_the_fork_server() {
    expect_an_end_with_the_reason(StartMethod::ForkServer);
}
