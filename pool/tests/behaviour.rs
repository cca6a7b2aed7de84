//! What both pools do with tasks that are handed something, tested once and run on threads and on processes by either start method.

mod kinds;
mod sys;
mod watchdog;

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use ipc::{Receiver, Sender, Shared};
use kinds::Kinds as _;
use pool::{Pool, PoolError, TaskError};
use watchdog::watch;

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

fn count(counter: Shared<AtomicU64>, n: u64) -> u64 {
    counter.fetch_add(1, SeqCst);
    odd_panics(n)
}

/// Says that it has begun, and goes on when it is told to.
fn meet(here: Sender<u64>, go_on: Receiver<()>, n: u64) -> u64 {
    here.send(n).expect("the test listens");
    // That nobody will ever tell it is as good.
    let _ = go_on.recv();
    n
}

fn meet_and_panic(here: Sender<u64>, go_on: Receiver<()>, n: u64) -> u64 {
    panic!("{} did meet", meet(here, go_on, n));
}

fn counter() -> Shared<AtomicU64> {
    Shared::new(AtomicU64::new(0)).expect("shared memory")
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

fn fails((): ()) {
    panic!("no luck today");
}

macro_rules! suite {
    ($kind:ident) => {
        mod $kind {
            use super::*;

            #[test]
            fn the_error_of_a_map_is_that_of_the_lowest_failed_item() {
                let _watchdog = watch("a failing map");
                let pool = Pool::builder().workers(2).chunk_size(1).$kind().unwrap();
                let (go, go_on) = ipc::channel::<()>(1).unwrap();
                let (here, begun) = ipc::channel(100).unwrap();
                let items: Vec<_> = (5..100).map(|n| (here.clone(), go_on.clone(), n)).collect();
                thread::scope(|scope| {
                    let map = scope.spawn(|| pool.map(meet_and_panic, items));
                    assert_eq!(begun.recv().unwrap() + begun.recv().unwrap(), 5 + 6);
                    // One that begins before the pool has read of a failure need not wait either.
                    drop(go);
                    assert_eq!(panic_of(map.join().unwrap()), "5 did meet");
                });
            }

            #[test]
            fn items_that_have_not_begun_are_skipped_once_one_has_failed() {
                let _watchdog = watch("a failing map");
                for chunk_size in [1, 5, 1000] {
                    let pool = Pool::builder().workers(1).chunk_size(chunk_size).$kind().unwrap();
                    let begun = counter();
                    let items = (0..1000).map(|n| (begun.clone(), if n == 7 { 7 } else { 0 }));
                    assert_eq!(panic_of(pool.map(count, items)), "7 is odd");
                    // A process begins chunks that were sent to it until the pool has read of the
                    // failure.
                    let begun = begun.load(SeqCst);
                    assert!((8..1000).contains(&begun), "{begun}");
                    assert_eq!(pool.apply(double, 4), Ok(8));
                }
            }

            #[test]
            fn a_task_can_be_submitted_and_asked_for_later() {
                let _watchdog = watch("a task");
                let pool = Pool::builder().workers(2).$kind().unwrap();
                let (go, go_on) = ipc::channel(1).unwrap();
                let (here, begun) = ipc::channel(1).unwrap();
                let mut task = pool.submit(meet, (here, go_on, 5));
                assert_eq!(begun.recv().unwrap(), 5);
                assert!(!task.is_done());
                assert_eq!(task.get_timeout(Duration::from_millis(1)), None);
                go.send(()).unwrap();
                assert_eq!(task.get_timeout(Duration::MAX), Some(Ok(5)));
                assert!(task.is_done());
                assert_eq!(pool.submit(add, (1, 2)).get(), Ok(3));
            }

            #[test]
            fn as_many_tasks_run_at_a_time_as_there_are_workers() {
                let _watchdog = watch("tasks that meet");
                let pool = Pool::builder().workers(3).$kind().unwrap();
                let (go, go_on) = ipc::channel(3).unwrap();
                let (here, begun) = ipc::channel(3).unwrap();
                let task = |n| pool.submit(meet, (here.clone(), go_on.clone(), n));
                let tasks: Vec<_> = (0..3).map(task).collect();
                for _ in 0..3 {
                    begun.recv().unwrap();
                }
                for _ in 0..3 {
                    go.send(()).unwrap();
                }
                for (n, task) in (0..3).zip(tasks) {
                    assert_eq!(task.get(), Ok(n));
                }
            }

            #[test]
            fn a_long_task_keeps_nothing_waiting_but_its_worker() {
                let _watchdog = watch("tasks beside a long one");
                let pool = Pool::builder().workers(2).chunk_size(1).$kind().unwrap();
                let (go, go_on) = ipc::channel(1).unwrap();
                let (here, begun) = ipc::channel(1).unwrap();
                pool.map(double, 0..1000).unwrap();
                let short: Vec<_> = (0..50).map(|n| pool.submit(double, n)).collect();
                let long = pool.submit(meet, (here, go_on, 1));
                let more: Vec<_> = (0..50).map(|n| pool.submit(double, n)).collect();
                for (n, task) in (0..50).chain(0..50).zip(short.into_iter().chain(more)) {
                    assert_eq!(task.get(), Ok(2 * n));
                }
                begun.recv().unwrap();
                go.send(()).unwrap();
                assert_eq!(long.get(), Ok(1));
            }

            #[test]
            fn dropping_a_pool_finishes_what_was_submitted() {
                let _watchdog = watch("a drop");
                let pool = Pool::builder().workers(2).$kind().unwrap();
                let counter = counter();
                for _ in 0..100 {
                    drop(pool.submit(count, (counter.clone(), 0)));
                }
                drop(pool);
                assert_eq!(counter.load(SeqCst), 100);
            }

            #[test]
            fn a_terminated_pool_cancels_what_is_not_done() {
                let _watchdog = watch("a terminate");
                let pool = Pool::builder().workers(2).$kind().unwrap();
                let (go, go_on) = ipc::channel::<()>(1).unwrap();
                let (here, begun) = ipc::channel(2).unwrap();
                let task = |n| pool.submit(meet, (here.clone(), go_on.clone(), n));
                let running = [task(1), task(2)];
                begun.recv().unwrap();
                begun.recv().unwrap();
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
                drop(go);
            }

            #[test]
            fn no_number_of_workers_means_one_for_each_processor() {
                let _watchdog = watch("a default");
                let processors = proc_spawn::cpu_count();
                assert_eq!(
                    Pool::builder().workers(0).$kind().unwrap().stats().workers.len(),
                    processors
                );
                let pool = Pool::builder().$kind().unwrap();
                assert_eq!(pool.stats().workers.len(), processors);
                assert_eq!(Pool::builder().workers(5).$kind().unwrap().stats().workers.len(), 5);
            }

            #[test]
            fn settings_that_make_no_pool_are_refused() {
                let _watchdog = watch("a refusal");
                let refused = Pool::builder().chunk_size(0).$kind();
                assert!(matches!(refused, Err(PoolError::Invalid { what: "the chunk size", .. })));
                let refused = Pool::builder().workers(usize::MAX).$kind();
                let what = "the number of workers";
                assert!(matches!(refused, Err(PoolError::Invalid { what: it, .. }) if it == what));
                let refused = Pool::builder().name("a\0b").$kind();
                assert!(matches!(refused, Err(PoolError::Invalid { what: "the name", .. })));
            }

            #[test]
            fn the_initializer_comes_before_the_first_task_of_each_worker() {
                let _watchdog = watch("an initializer");
                let counter = counter();
                let prepare = |counter: Shared<AtomicU64>, by: u64| {
                    counter.fetch_add(by, SeqCst);
                };
                let pool = Pool::builder()
                    .workers(3)
                    .initializer(prepare, (counter.clone(), 10))
                    .$kind()
                    .unwrap();
                assert!(
                    pool.apply(|it: Shared<AtomicU64>| it.load(SeqCst), counter.clone()).unwrap()
                        >= 10
                );
                // Three tasks at a time need three workers, all prepared.
                let (go, go_on) = ipc::channel::<()>(1).unwrap();
                let (here, begun) = ipc::channel(3).unwrap();
                let task = |n| pool.submit(meet, (here.clone(), go_on.clone(), n));
                let tasks: Vec<_> = (0..3).map(task).collect();
                (0..3).for_each(|_| assert!(begun.recv().unwrap() < 3));
                assert_eq!(counter.load(SeqCst), 30);
                drop((go, tasks));
            }

            #[test]
            fn an_initializer_that_keeps_failing_ends_the_pool() {
                let _watchdog = watch("a failing initializer");
                let pool = Pool::builder().workers(2).initializer(fails, ()).$kind().unwrap();
                for _ in 0..2 {
                    match pool.map(double, 0..100) {
                        Err(TaskError::Initializer(failure)) => {
                            assert!(failure.to_string().contains("no luck today"), "{failure}");
                        }
                        other => panic!("expected the initializer's failure, got {other:?}"),
                    }
                }
                pool.join();
            }

            #[test]
            fn the_stats_tell_what_was_done() {
                let _watchdog = watch("stats");
                let pool = Pool::builder().workers(2).chunk_size(3).$kind().unwrap();
                pool.map(double, 0..100).unwrap();
                let stats = pool.stats();
                assert_eq!(stats.workers.iter().map(|it| it.tasks_done).sum::<u64>(), 100);
                assert!(stats.workers.iter().all(|it| it.pid != 0 && it.restarts == 0));
            }

            #[test]
            fn a_pool_can_have_many_more_workers_than_there_are_processors() {
                let _watchdog = watch("many workers");
                let pool = Pool::builder().workers(50).$kind().unwrap();
                assert_eq!(pool.map(double, 0..500).unwrap().len(), 500);
            }
        }
    };
}

suite!(threads);
suite!(by_spawn);
sys::where_a_fork_server_can_be! {
    suite!(by_fork_server);
}
