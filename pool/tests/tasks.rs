//! Tasks that were submitted: asked for later, waited for together, called back, awaited, cancelled. Tested
//! once and run on every kind of pool.

mod kinds;
mod sys;
mod watchdog;

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use ipc::{Receiver, Sender, Shared};
use kinds::Kinds as _;
use pool::{Pool, TaskError, as_completed, wait_all};
use watchdog::watch;

proc_spawn::enable_test_support!();

fn double(n: u64) -> u64 {
    2 * n
}

fn odd_panics(n: u64) -> u64 {
    assert!(n.is_multiple_of(2), "{n} is odd");
    n
}

fn count(counter: Shared<AtomicU64>) -> u64 {
    counter.fetch_add(1, SeqCst)
}

/// Says that it has begun, and goes on when it is told to.
fn meet(here: Sender<u64>, go_on: Receiver<()>, n: u64) -> u64 {
    here.send(n).expect("the test listens");
    // That nobody will ever tell it is as good.
    let _ = go_on.recv();
    n
}

fn counter() -> Shared<AtomicU64> {
    Shared::new(AtomicU64::new(0)).expect("shared memory")
}

fn is_panic<R>(result: &Result<R, TaskError>, message: &str) -> bool {
    matches!(result, Err(TaskError::Panicked(panic)) if panic.message == message)
}

/// As long as no test takes.
const LONG: Duration = Duration::from_secs(50);
const SHORT: Duration = Duration::from_millis(1);

macro_rules! suite {
    ($kind:ident) => {
        mod $kind {
            use super::*;

            #[test]
            fn results_are_given_as_they_come_each_once() {
                let _watchdog = watch("as_completed");
                let pool = Pool::builder().workers(2).$kind().unwrap();
                let (go, go_on) = ipc::channel::<()>(1).unwrap();
                let (here, begun) = ipc::channel(1).unwrap();
                let mut tasks = vec![pool.submit(meet, (here, go_on, 7))];
                assert_eq!(begun.recv().unwrap(), 7);
                tasks.extend((1..10).map(|n| pool.submit(double, n)));
                tasks.push(pool.submit(odd_panics, 1));
                let mut results = as_completed(tasks);
                let mut seen: Vec<_> = results.by_ref().take(10).collect();
                seen.sort_by_key(|(index, _)| *index);
                assert!(seen[..9].iter().all(|(n, result)| *result == Ok(2 * *n as u64)));
                assert!(seen[9].0 == 10 && is_panic(&seen[9].1, "1 is odd"));
                assert_eq!(results.next_timeout(SHORT), None, "the first one still runs");
                assert_eq!(results.len(), 1);
                drop(go);
                assert_eq!(results.next_timeout(LONG), Some(Some((0, Ok(7)))));
                assert_eq!(results.next_timeout(LONG), Some(None));
                assert_eq!(results.next(), None);
            }

            #[test]
            fn all_of_several_tasks_can_be_waited_for() {
                let _watchdog = watch("wait_all");
                let pool = Pool::builder().workers(2).$kind().unwrap();
                let (go, go_on) = ipc::channel::<()>(1).unwrap();
                let (here, _begun) = ipc::channel(1).unwrap();
                let mut tasks: Vec<_> = (0..50).map(|n| pool.submit(odd_panics, n)).collect();
                assert!(wait_all(&tasks, None));
                tasks.push(pool.submit(meet, (here, go_on, 7)));
                assert!(!wait_all(&tasks, SHORT));
                drop(go);
                assert!(wait_all(&tasks, Some(LONG)));
                assert_eq!(tasks.into_iter().filter(|task| task.is_done()).count(), 51);
                assert!(wait_all::<u64>(&[], SHORT));
            }

            #[test]
            fn a_callback_may_submit_and_end_the_pool() {
                let _watchdog = watch("callbacks that use the pool");
                let pool = Arc::new(Pool::builder().workers(2).$kind().unwrap());
                let (sender, receiver) = mpsc::channel();
                let (again, same) = (sender.clone(), Arc::clone(&pool));
                pool.submit(double, 1).on_done(move |first| {
                    same.submit(double, first.unwrap()).on_done(move |second| {
                        again.send(second).unwrap();
                    });
                });
                assert_eq!(receiver.recv(), Ok(Ok(4)));
                // The last handle goes in the callback.
                let (go, go_on) = ipc::channel::<()>(1).unwrap();
                let (here, begun) = ipc::channel(1).unwrap();
                let task = pool.submit(meet, (here, go_on, 1));
                task.on_done(move |result| {
                    pool.terminate();
                    drop(pool);
                    sender.send(result).unwrap();
                });
                begun.recv().unwrap();
                drop(go);
                assert_eq!(receiver.recv(), Ok(Ok(1)));
            }

            #[test]
            fn many_tasks_can_be_awaited_at_once_under_tokio() {
                let _watchdog = watch("futures under tokio");
                let pool = Pool::builder().workers(2).$kind().unwrap();
                let mut runtime = tokio::runtime::Builder::new_multi_thread();
                let runtime = runtime.enable_all().worker_threads(2).build().unwrap();
                let tasks: Vec<_> = (0..100).map(|n| pool.submit(double, n)).collect();
                let sum = runtime.block_on(async {
                    let all: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
                    let mut sum = 0;
                    for one in all {
                        sum += one.await.unwrap().unwrap();
                    }
                    sum
                });
                assert_eq!(sum, 9900);
                // A future that is given up leaves its task to itself.
                let (go, go_on) = ipc::channel::<()>(1).unwrap();
                let (here, begun) = ipc::channel(1).unwrap();
                let task = pool.submit(meet, (here, go_on, 7));
                let given_up =
                    runtime.block_on(async { tokio::time::timeout(SHORT, task).await.is_err() });
                assert!(given_up);
                assert_eq!(begun.recv().unwrap(), 7);
                drop(go);
            }

            #[test]
            fn a_task_whose_handle_is_dropped_still_runs() {
                let _watchdog = watch("detached tasks");
                let pool = Pool::builder().workers(2).$kind().unwrap();
                let counter = counter();
                (0..50).for_each(|_| drop(pool.submit(count, counter.clone())));
                drop(pool.map_async(count, vec![counter.clone(); 50]));
                pool.join();
                assert_eq!(counter.load(SeqCst), 100);
            }

            #[test]
            fn a_cancelled_task_that_waits_never_runs() {
                let _watchdog = watch("cancelled tasks");
                let pool = Pool::builder().workers(1).$kind().unwrap();
                let (go, go_on) = ipc::channel::<()>(1).unwrap();
                let (here, begun) = ipc::channel(1).unwrap();
                let running = pool.submit(meet, (here, go_on, 7));
                begun.recv().unwrap();
                let counter = counter();
                let waiting: Vec<_> =
                    (0..100).map(|_| pool.submit(count, counter.clone())).collect();
                let call = pool.map_async(count, vec![counter.clone(); 50]);
                assert!(call.cancel() && !call.cancel());
                assert_eq!(call.get(), Err(TaskError::Cancelled));
                for (n, task) in waiting.iter().enumerate() {
                    assert_eq!(task.cancel(), true);
                    assert!(n > 0 || task.is_done());
                }
                assert!(waiting.into_iter().all(|task| task.get() == Err(TaskError::Cancelled)));
                drop(go);
                assert_eq!(running.get(), Ok(7));
                let done = pool.submit(double, 4);
                assert!(wait_all(std::slice::from_ref(&done), LONG) && !done.cancel());
                assert_eq!(done.get(), Ok(8), "a task that is done keeps its result");
                pool.join();
                assert_eq!(counter.load(SeqCst), 0);
            }

            #[test]
            fn a_task_that_is_cancelled_just_before_its_turn_never_runs() {
                let _watchdog = watch("tasks cancelled at the last moment");
                let pool = Pool::builder().workers(1).$kind().unwrap();
                let counter = counter();
                for _ in 0..500 {
                    let (go, go_on) = ipc::channel::<()>(1).unwrap();
                    let (here, begun) = ipc::channel(1).unwrap();
                    let running = pool.submit(meet, (here, go_on, 7));
                    begun.recv().unwrap();
                    let waiting = [(); 3].map(|()| pool.submit(count, counter.clone()));
                    let cancelled = waiting.map(|task| task.cancel());
                    drop(go);
                    assert_eq!((running.get(), cancelled), (Ok(7), [true; 3]));
                }
                pool.join();
                assert_eq!(counter.load(SeqCst), 0);
            }

            #[test]
            fn ten_thousand_tasks_are_cancelled_one_by_one_without_delay() {
                let _watchdog = watch("many cancelled tasks");
                let pool = Pool::builder().workers(1).$kind().unwrap();
                let (go, go_on) = ipc::channel::<()>(1).unwrap();
                let (here, begun) = ipc::channel(1).unwrap();
                let running = pool.submit(meet, (here, go_on, 7));
                begun.recv().unwrap();
                let waiting: Vec<_> = (0..10_000).map(|n| pool.submit(double, n)).collect();
                let start = Instant::now();
                assert!(waiting.iter().rev().all(|task| task.cancel()));
                drop(go);
                assert_eq!(running.get(), Ok(7));
                assert_eq!(pool.apply(double, 1), Ok(2));
                assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
            }
        }
    };
}

suite!(threads);
suite!(by_spawn);
sys::where_a_fork_server_can_be! {
    suite!(by_fork_server);
}

#[test]
fn a_running_task_is_cancelled_with_its_process_and_no_other_pays() {
    let _watchdog = watch("a cancelled process");
    let pool = Pool::builder().workers(2).processes().unwrap();
    let (go, go_on) = ipc::channel::<()>(1).unwrap();
    let (here, begun) = ipc::channel(2).unwrap();
    let stays = pool.submit(meet, (here.clone(), go_on.clone(), 1));
    assert_eq!(begun.recv().unwrap(), 1);
    for round in 0..10 {
        let goes = pool.submit(meet, (here.clone(), go_on.clone(), 2));
        let after: Vec<_> = (0..20).map(|n| pool.submit(double, n)).collect();
        assert_eq!(begun.recv().unwrap(), 2);
        assert!(goes.cancel(), "round {round}");
        assert_eq!(goes.get(), Err(TaskError::Cancelled));
        for (n, task) in (0..20).zip(after) {
            assert_eq!(task.get(), Ok(2 * n), "what waited behind it is run elsewhere");
        }
    }
    drop(go);
    assert_eq!(stays.get(), Ok(1));
    assert_eq!(pool.stats().workers.iter().map(|worker| worker.restarts).sum::<u64>(), 10);
}

#[test]
fn a_running_task_on_a_thread_is_reported_as_not_stoppable() {
    let _watchdog = watch("a thread");
    let pool = Pool::builder().workers(1).threads().unwrap();
    let (go, go_on) = ipc::channel::<()>(1).unwrap();
    let (here, begun) = ipc::channel(2).unwrap();
    let task = pool.submit(meet, (here.clone(), go_on.clone(), 1));
    begun.recv().unwrap();
    assert!(!task.cancel());
    // Of two items one has not begun: that one never does, and nobody waits for the other.
    drop(go);
    assert_eq!(task.get(), Ok(1));
    let (go, go_on) = ipc::channel::<()>(1).unwrap();
    let call = pool.map_async(meet, [(here.clone(), go_on.clone(), 2), (here, go_on, 3)]);
    assert_eq!(begun.recv().unwrap(), 2);
    assert!(call.cancel());
    assert_eq!(call.get(), Err(TaskError::Cancelled));
    drop(go);
    pool.join();
    assert!(begun.recv().is_err(), "the second has never begun");
}
