//! What the builder sets where workers can come from the fork server and a refusal of memory is told from other aborts.
#![cfg(target_os = "linux")]

mod kinds;
mod watchdog;

use std::process::Command;
use std::time::Duration;
use std::{env, thread};

use kinds::Kinds as _;
use pool::{Pool, TaskError};
use proc_spawn::StartMethod;
use watchdog::watch;

proc_spawn::enable_test_support!();

fn take(bytes: usize) -> usize {
    let memory = std::hint::black_box(vec![1_u8; bytes]);
    memory.iter().filter(|byte| **byte == 1).count()
}

#[test]
fn a_task_that_is_refused_memory_says_so() {
    let _watchdog = watch("a memory limit");
    for method in [StartMethod::Spawn, StartMethod::ForkServer] {
        let limit = 64 << 20;
        let pool = Pool::builder().workers(2).memory_limit(limit).start_method(method);
        let pool = pool.processes().unwrap();
        assert_eq!(pool.apply(take, 1 << 20), Ok(1 << 20));
        let results = pool.map_each(take, [1 << 10, 256 << 20, 1 << 11]);
        let refused = Err(TaskError::MemoryLimit { limit });
        assert_eq!(results, [Ok(1 << 10), refused, Ok(1 << 11)]);
        assert_eq!(pool.apply(take, 1 << 20), Ok(1 << 20));
    }
}

#[test]
fn the_fork_server_makes_the_workers_it_is_asked_for() {
    let _watchdog = watch("a start method");
    proc_spawn::forkserver_preload(|| LOADED.set(true)).unwrap();
    let loaded = || LOADED.get();
    let pool = Pool::builder().workers(2).by_fork_server().unwrap();
    assert_eq!(pool.apply(loaded, ()), Ok(true));
    let pool = Pool::builder().workers(2).by_spawn().unwrap();
    assert_eq!(pool.apply(loaded, ()), Ok(false));
}

fn hang() {
    loop {
        thread::park();
    }
}

/// Runs where ends of children are ignored, if the test below has started it.
#[test]
fn what_runs_where_nobody_has_the_status_of_a_child() {
    if env::var_os("NOBODY_HAS_IT").is_none() {
        return;
    }
    let limit = Duration::from_millis(50);
    let pool = Pool::builder().workers(1).task_timeout(limit).retries(3);
    let pool = pool.processes().unwrap();
    assert_eq!(pool.apply(hang, ()), Err(TaskError::TimedOut { after: limit }));
    println!("told");
}

#[test]
fn what_takes_too_long_is_told_as_that_where_nobody_has_the_status_of_a_child() {
    let _watchdog = watch("a lost status");
    let ignoring = || {
        let mut command = Command::new("env");
        command.arg("--ignore-signal=CHLD");
        command
    };
    if !ignoring().arg("true").output().is_ok_and(|output| output.status.success()) {
        return eprintln!("skipped: env cannot ignore signals here");
    }
    let mut inner = ignoring();
    inner.arg(env::current_exe().unwrap());
    inner.args(["--exact", "what_runs_where_nobody_has_the_status_of_a_child", "--nocapture"]);
    let output = inner.env("NOBODY_HAS_IT", "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("told"), "{text}");
}

thread_local! {
    static LOADED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}
