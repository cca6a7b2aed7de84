//! What the other pools' suites hand their tasks handles for: here these meet the test over a socket.

mod cluster;

use std::thread;
use std::time::Duration;

use cluster::{Cluster, Marks, Meeting, mark, meet, watch};
use pool::{Executor, Pool, PoolError, TaskError};
use pool_nats::{Agent, AgentOptions, ClusterError, ClusterOptions, ClusterPool};

proc_spawn::enable_test_support!();

fn double(n: u64) -> u64 {
    2 * n
}

fn add(a: u64, b: u64) -> u64 {
    a + b
}

fn odd_panics(n: u64) -> u64 {
    assert!(n.is_multiple_of(2), "{n} is odd");
    n
}

fn mark_and_odd_panics(path: String, n: u64) -> u64 {
    odd_panics(mark(path, n))
}

fn meet_and_panic(port: u16, n: u64) -> u64 {
    panic!("{} did meet", meet(port, n));
}

/// The message of a task's panic.
fn panic_of<R: std::fmt::Debug>(result: Result<R, TaskError>) -> String {
    match result {
        Err(TaskError::Panicked(panic)) => {
            assert!(panic.location.is_some(), "{panic:?}");
            panic.message
        }
        other => panic!("expected a panic, got {other:?}"),
    }
}

#[test]
fn the_error_of_a_map_is_that_of_the_lowest_failed_item() {
    let _watchdog = watch("a failing map");
    let Some(cluster) = Cluster::start(&[1, 1]) else { return };
    let pool = cluster.pool(Pool::builder().chunk_size(1));
    let meeting = Meeting::new();
    let port = meeting.port();
    thread::scope(|scope| {
        let map = scope.spawn(|| pool.map(meet_and_panic, (5..100).map(|n| (port, n))));
        let guests = [meeting.guest(), meeting.guest()];
        assert_eq!(guests[0].0 + guests[1].0, 5 + 6);
        drop(meeting);
        drop(guests);
        assert_eq!(panic_of(map.join().unwrap()), "5 did meet");
    });
}

#[test]
fn items_that_have_not_begun_are_skipped_once_one_has_failed() {
    let _watchdog = watch("a failing map");
    let Some(cluster) = Cluster::start(&[1, 1]) else { return };
    for chunk_size in [1, 5, 1000] {
        let pool = cluster.pool(Pool::builder().chunk_size(chunk_size));
        let marks = Marks::new();
        let items = (0..1000).map(|n| (marks.path(), if n == 7 { 7 } else { 0 }));
        assert_eq!(panic_of(pool.map(mark_and_odd_panics, items)), "7 is odd");
        let begun = marks.read().len();
        assert!((1..1000).contains(&begun), "{begun}");
        assert_eq!(pool.apply(double, 4), Ok(8));
    }
}

#[test]
fn a_task_can_be_submitted_and_asked_for_later() {
    let _watchdog = watch("a task");
    let Some(cluster) = Cluster::start(&[1, 1]) else { return };
    let pool = cluster.pool(Pool::builder());
    let meeting = Meeting::new();
    let mut task = pool.submit(meet, (meeting.port(), 5));
    let (n, guest) = meeting.guest();
    assert_eq!(n, 5);
    assert!(!task.is_done());
    assert_eq!(task.get_timeout(Duration::from_millis(1)), None);
    drop(guest);
    assert_eq!(task.get_timeout(Duration::MAX), Some(Ok(5)));
    assert!(task.is_done());
    assert_eq!(pool.submit(add, (1, 2)).get(), Ok(3));
}

#[test]
fn as_many_tasks_run_at_a_time_as_there_are_workers() {
    let _watchdog = watch("tasks that meet");
    let Some(cluster) = Cluster::start(&[1, 2]) else { return };
    let pool = cluster.pool(Pool::builder());
    assert_eq!(Executor::workers(&*pool), 3);
    let meeting = Meeting::new();
    let tasks: Vec<_> = (0..3).map(|n| pool.submit(meet, (meeting.port(), n))).collect();
    let guests = [meeting.guest(), meeting.guest(), meeting.guest()];
    drop(guests);
    for (n, task) in (0..3).zip(tasks) {
        assert_eq!(task.get(), Ok(n));
    }
}

#[test]
fn a_long_task_keeps_nothing_waiting_but_its_worker() {
    let _watchdog = watch("tasks beside a long one");
    let Some(cluster) = Cluster::start(&[1, 1]) else { return };
    let pool = cluster.pool(Pool::builder().chunk_size(1));
    let meeting = Meeting::new();
    let long = pool.submit(meet, (meeting.port(), 1));
    let (_, guest) = meeting.guest();
    let short: Vec<_> = (0..100).map(|n| pool.submit(double, n)).collect();
    for (n, task) in (0..100).zip(short) {
        assert_eq!(task.get(), Ok(2 * n));
    }
    assert!(!long.is_done());
    drop(guest);
    assert_eq!(long.get(), Ok(1));
}

#[test]
fn several_pools_may_use_a_cluster_at_once() {
    let _watchdog = watch("many pools");
    let Some(cluster) = Cluster::start(&[1, 1]) else { return };
    let pools: Vec<_> = (0..3).map(|_| cluster.pool(Pool::builder())).collect();
    thread::scope(|scope| {
        for (pool, from) in pools.iter().zip([0, 1000, 2000]) {
            scope.spawn(move || {
                let expected: Vec<_> = (from..from + 200).map(double).collect();
                assert_eq!(pool.map(double, from..from + 200).unwrap(), expected);
            });
        }
    });
}

#[test]
fn dropping_a_pool_finishes_what_was_submitted() {
    let _watchdog = watch("a drop");
    let Some(cluster) = Cluster::start(&[1, 1]) else { return };
    let pool = cluster.pool(Pool::builder());
    let marks = Marks::new();
    for n in 0..100 {
        drop(pool.submit(mark, (marks.path(), n)));
    }
    drop(pool);
    let mut marks = marks.read();
    marks.sort_unstable();
    assert_eq!(marks, (0..100).collect::<Vec<_>>(), "each was run, and once");
}

#[test]
fn a_terminated_pool_cancels_what_is_not_done_and_frees_the_workers() {
    let _watchdog = watch("a terminate");
    let Some(cluster) = Cluster::start(&[1, 1]) else { return };
    let pool = cluster.pool(Pool::builder());
    let meeting = Meeting::new();
    let running = [1, 2].map(|n| pool.submit(meet, (meeting.port(), n)));
    let guests = [meeting.guest(), meeting.guest()];
    let waiting: Vec<_> = (0..10_000).map(|n| pool.submit(double, n)).collect();
    pool.terminate();
    for task in waiting {
        assert_eq!(task.get(), Err(TaskError::Cancelled));
    }
    for task in running {
        assert_eq!(task.get(), Err(TaskError::Cancelled));
    }
    assert_eq!(pool.apply(double, 1), Err(TaskError::Closed));
    pool.join();
    // Those that ran were ended with their workers, and others have taken their place.
    assert_eq!(cluster.pool(Pool::builder()).map(double, 0..4), Ok(vec![0, 2, 4, 6]));
    drop(guests);
}

#[test]
fn a_cancelled_task_that_waits_never_runs_and_one_that_runs_is_ended() {
    let _watchdog = watch("a cancelled task");
    let Some(cluster) = Cluster::start(&[1, 1]) else { return };
    let pool = cluster.pool(Pool::builder());
    let (meeting, marks) = (Meeting::new(), Marks::new());
    let running = [1, 2].map(|n| pool.submit(meet, (meeting.port(), n)));
    let guests = [meeting.guest(), meeting.guest()];
    let waiting = pool.submit(mark, (marks.path(), 3));
    assert!(waiting.cancel() && !waiting.cancel());
    assert_eq!(waiting.get(), Err(TaskError::Cancelled));
    assert!(running[0].cancel());
    // The worker that has ended is replaced, and has room for another.
    assert_eq!(pool.apply(mark, (marks.path(), 4)), Ok(4));
    drop(guests);
    assert_eq!(marks.read(), [4]);
    assert_eq!(running.map(pool::Task::get).map(|it| it.is_ok()), [false, true]);
}

#[test]
fn large_arguments_and_results_arrive_whole() {
    let _watchdog = watch("large messages");
    let Some(cluster) = Cluster::start(&[1, 1]) else { return };
    let pool = cluster.pool(Pool::builder());
    // The server takes a mebibyte in one message.
    for length in [100_000, 1 << 20, 5 << 20] {
        let text = "x".repeat(length);
        let twice = pool.apply(|text: String| text.clone() + &text, text.clone()).unwrap();
        assert_eq!(twice.len(), 2 * length);
        assert!(twice.bytes().all(|byte| byte == b'x'));
    }
}

#[test]
fn times_may_be_without_end() {
    let _watchdog = watch("times without end");
    let Some(cluster) = Cluster::start(&[]) else { return };
    let agent = cluster.agent(AgentOptions::new().grace(Duration::MAX));
    let options = ClusterOptions::new().wait(Duration::MAX).deadline(Duration::MAX);
    let pool = cluster.connect(options);
    assert_eq!(pool.map(double, 0..100).unwrap().len(), 100);
    pool.join();
    agent.stop().unwrap();
}

#[test]
fn options_that_make_no_agent_are_refused() {
    let refused = [
        (AgentOptions::new().lease(Duration::ZERO), "the lease"),
        (AgentOptions::new().lease(Duration::MAX), "the lease"),
        (AgentOptions::new().deliveries(0), "the number of deliveries"),
    ];
    for (options, name) in refused {
        match Agent::serve("nats://127.0.0.1:1", "", options) {
            Err(ClusterError::Pool(PoolError::Invalid { what, .. })) => assert_eq!(what, name),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn settings_that_make_no_pool_are_refused() {
    let _watchdog = watch("a refusal");
    let Some(cluster) = Cluster::start(&[]) else { return };
    for (settings, name) in [
        (Pool::builder().chunk_size(0), "the chunk size"),
        (Pool::builder().workers(3), "the number of workers"),
    ] {
        let options = ClusterOptions::new().settings(settings).agents(0);
        match ClusterPool::connect(&cluster.server.url(), cluster.server.token(), options) {
            Err(ClusterError::Pool(PoolError::Invalid { what, .. })) => assert_eq!(what, name),
            other => panic!("{other:?}"),
        }
    }
}
