//! Workers that cannot be started any more.

mod sys;
mod watchdog;

use std::process;

use pool::{Pool, TaskError};
use proc_spawn::{Process, StartMethod};
use sys::{ABORT, Door, SHUT};
use watchdog::watch;

proc_spawn::enable_test_support!();

fn double(n: u64) -> u64 {
    2 * n
}

fn die() -> u64 {
    process::abort()
}

/// What becomes of a pool's tasks when its workers have died and this process can start no others.
fn outlive_all_workers(method: StartMethod) -> Vec<Result<u64, TaskError>> {
    let door = Door::new();
    let pool = Pool::builder().workers(2).start_method(method).processes().expect("workers");
    assert_eq!(pool.apply(double, 1), Ok(2));
    door.shut();
    let deaths = [(), ()].map(|()| pool.submit(die, ()));
    let others: Vec<_> = (0..20).map(|n| pool.submit(double, n)).collect();
    deaths.into_iter().chain(others).map(|task| task.get()).collect()
}

fn expect_an_end_with_the_reason(method: StartMethod) {
    let _watchdog = watch("workers that cannot be started");
    let mut results =
        Process::spawn(outlive_all_workers, method).unwrap().join().unwrap().into_iter();
    for death in results.by_ref().take(2) {
        assert!(
            matches!(death, Err(TaskError::WorkerDied { signal: Some(ABORT), .. })),
            "{death:?}"
        );
    }
    for other in results {
        let Err(TaskError::Broken(failure)) = &other else { panic!("{other:?}") };
        assert!(format!("{failure:#}").contains(SHUT), "{failure:#}");
    }
}

#[test]
fn a_pool_whose_workers_cannot_be_started_any_more_ends_with_the_reason() {
    expect_an_end_with_the_reason(StartMethod::Spawn);
}

sys::where_a_fork_server_can_be! {
    #[test]
    fn so_does_one_of_the_fork_server() {
        expect_an_end_with_the_reason(StartMethod::ForkServer);
    }
}
