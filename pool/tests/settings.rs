//! What the builder sets, tested once and run on every kind of pool; what only processes can do comes after
//! that.

mod kinds;
mod sys;
mod watchdog;

use std::collections::BTreeSet;
use std::process;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use ipc::{Receiver, Sender};
use kinds::Kinds as _;
use pool::{Event, Pool, PoolError, TaskError, with_state};
use sys::{ABORT, ABORT_TEXT};
use watchdog::watch;

proc_spawn::enable_test_support!();

fn double(n: u64) -> u64 {
    2 * n
}

fn odd_panics(n: u64) -> u64 {
    assert!(n.is_multiple_of(2), "{n} is odd");
    n
}

/// Never ends by itself for odd numbers; on a thread it does, once the test has ended.
fn odd_hangs(hang: Receiver<()>, n: u64) -> u64 {
    if !n.is_multiple_of(2) {
        let _ = hang.recv();
    }
    n
}

/// The worker it runs in.
fn worker() -> (u32, String) {
    (process::id(), format!("{:?}", thread::current().id()))
}

/// Stands for something that can be kept only in its worker.
struct Kept {
    start: u64,
    thread: ThreadId,
    used: u64,
}

fn keep(start: u64) -> Kept {
    Kept { start, thread: thread::current().id(), used: 0 }
}

fn use_kept(by: u64) -> (u64, u64) {
    with_state(|kept: &mut Kept| {
        assert_eq!(kept.thread, thread::current().id());
        kept.used += by;
        (kept.start, kept.used)
    })
    .expect("the initializer makes it")
}

const LIMIT: Duration = Duration::from_millis(300);

macro_rules! suite {
    ($kind:ident) => {
        mod $kind {
            use super::*;

            #[test]
            fn a_worker_is_replaced_after_so_many_tasks() {
                let _watchdog = watch("tasks to a worker");
                let limited = |chunk| {
                    let pool = Pool::builder().workers(2).max_tasks_per_worker(2);
                    pool.chunk_size(chunk).$kind().unwrap()
                };
                // As in Python: a chunk counts as one task.
                for (chunk, least) in [(1, 6), (2, 3), (3, 2)] {
                    let pool = limited(chunk);
                    let all = pool.map(worker, vec![(); 12]).unwrap();
                    let workers = all.into_iter().collect::<BTreeSet<_>>().len();
                    assert!((least..=least + 1).contains(&workers), "{workers} of {chunk}");
                    let stats = pool.stats();
                    assert_eq!(stats.workers.iter().map(|it| it.tasks_done).sum::<u64>(), 12);
                }
                let pool = limited(1);
                for round in 0..5 {
                    assert_eq!(pool.map(double, 0..100).unwrap().len(), 100, "round {round}");
                }
                let restarts = pool.stats().workers.iter().map(|it| it.restarts).sum::<u64>();
                assert!((240..=250).contains(&restarts), "{restarts}");
                pool.join();
            }

            #[test]
            fn what_takes_too_long_fails_and_nothing_else() {
                let _watchdog = watch("a time limit");
                let (_never, hang) = ipc::channel::<()>(1).unwrap();
                for chunk_size in [1, 4, 100] {
                    let pool = Pool::builder().workers(2).chunk_size(chunk_size);
                    let pool = pool.task_timeout(LIMIT).$kind().unwrap();
                    let items = [0, 2, 1, 4, 6, 3, 5, 8].map(|n| (hang.clone(), n));
                    let start = Instant::now();
                    let results = pool.map_each(odd_hangs, items);
                    assert!(start.elapsed() >= LIMIT);
                    let late = || Err(TaskError::TimedOut { after: LIMIT });
                    let expected = [Ok(0), Ok(2), late(), Ok(4), Ok(6), late(), late(), Ok(8)];
                    assert_eq!(results, expected, "chunks of {chunk_size}");
                    let restarts = pool.stats().workers.iter().map(|it| it.restarts).sum::<u64>();
                    assert_eq!(restarts, 3);
                    assert_eq!(pool.map(double, 0..100).unwrap().len(), 100);
                    assert_eq!(pool.apply(odd_hangs, (hang.clone(), 7)), late());
                    pool.join();
                }
            }

            #[test]
            fn many_short_items_take_longer_than_the_limit_together() {
                let _watchdog = watch("a time limit for each item");
                fn short(n: u64) -> u64 {
                    // sleep: a task that takes its time is what this is about
                    thread::sleep(LIMIT / 3);
                    n
                }
                let pool = Pool::builder().workers(2).chunk_size(10).task_timeout(2 * LIMIT);
                let pool = pool.$kind().unwrap();
                let all = pool.map(short, 0..20).unwrap();
                assert_eq!(all, Vec::from_iter(0..20));
                assert!(pool.stats().workers.iter().all(|worker| worker.restarts == 0));
            }

            #[test]
            fn the_initializer_leaves_a_state_to_the_tasks_of_its_worker() {
                let _watchdog = watch("a state");
                let pool = Pool::builder().workers(2).initializer(keep, 40).$kind().unwrap();
                let uses = pool.map(use_kept, [1; 100]).unwrap();
                assert!(uses.iter().all(|(start, used)| *start == 40 && *used >= 1));
                assert_eq!(uses.iter().map(|(_, used)| *used).filter(|used| *used == 1).count(), {
                    let workers = pool.stats().workers;
                    workers.iter().filter(|worker| worker.tasks_done > 0).count()
                });
                let none = pool.apply(|| with_state(|_: &mut String| ()).is_none(), ());
                assert_eq!(none, Ok(true), "it is asked for by its type");
                let pool = Pool::builder().workers(1).$kind().unwrap();
                assert_eq!(pool.apply(|| with_state(|_: &mut Kept| ()).is_none(), ()), Ok(true));
            }

            #[test]
            fn settings_that_make_no_pool_are_refused() {
                let _watchdog = watch("refusals");
                let none = Pool::builder().max_tasks_per_worker(0).$kind();
                assert!(matches!(none, Err(PoolError::Invalid { .. })), "{none:?}");
                let none = Pool::builder().task_timeout(Duration::ZERO).$kind();
                assert!(matches!(none, Err(PoolError::Invalid { .. })), "{none:?}");
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
fn nobody_waits_for_a_thread_that_was_given_up() {
    let _watchdog = watch("an abandoned thread");
    let (never, hang) = ipc::channel::<()>(1).unwrap();
    let pool = Pool::builder().workers(1).task_timeout(LIMIT).threads().unwrap();
    let tasks = [1, 2, 3].map(|n| pool.submit(odd_hangs, (hang.clone(), n)));
    pool.join();
    let results = tasks.map(|task| task.get());
    assert!(matches!(results, [Err(TaskError::TimedOut { .. }), Ok(2), Err(_)]), "{results:?}");
    drop(never);
}

#[test]
fn threads_have_no_memory_of_their_own_to_limit() {
    let refused = Pool::builder().memory_limit(1 << 20).threads();
    assert!(matches!(refused, Err(PoolError::Invalid { what: "the memory limit", .. })));
}

/// Dies so many times, and succeeds then.
fn die(times: Receiver<()>, n: u64) -> u64 {
    if times.try_recv().is_ok() {
        process::abort();
    }
    n
}

fn deaths(times: usize) -> (Sender<()>, Receiver<()>) {
    let (sender, receiver) = ipc::channel(10).unwrap();
    (0..times).for_each(|_| sender.send(()).unwrap());
    (sender, receiver)
}

#[test]
fn a_task_whose_worker_dies_is_begun_anew_as_often_as_allowed() {
    let _watchdog = watch("retries");
    for chunk_size in [1, 5] {
        let events = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&events);
        let pool = Pool::builder()
            .workers(2)
            .chunk_size(chunk_size)
            .retries(2)
            .describe(|(_, n): &(Receiver<()>, u64)| n.to_string())
            .on_event(move |event| told.lock().unwrap().push(event))
            .processes()
            .unwrap();
        let (_some, twice) = deaths(2);
        assert_eq!(pool.apply(die, (twice, 5)), Ok(5));
        let (_some, thrice) = deaths(3);
        match pool.apply(die, (thrice.clone(), 6)) {
            Err(TaskError::WorkerDied { signal: Some(ABORT), attempts: 3, .. }) => {}
            other => panic!("expected a death, got {other:?}"),
        }
        assert!(thrice.is_empty());
        // In a chunk with others, which pay nothing.
        let (_some, once) = deaths(1);
        let (_none, never) = deaths(0);
        let items = (0..5).map(|n| (if n == 2 { once.clone() } else { never.clone() }, n));
        assert_eq!(pool.map(die, items), Ok(vec![0, 1, 2, 3, 4]));
        pool.join();
        let events = events.lock().unwrap();
        let retried = events.iter().filter_map(|event| match event {
            Event::TaskRetried { index, item, attempts, .. } => {
                Some((*index, item.as_deref().unwrap(), *attempts))
            }
            _ => None,
        });
        let expected = [(0, "5", 1), (0, "5", 2), (0, "6", 1), (0, "6", 2), (2, "2", 1)];
        assert_eq!(retried.collect::<Vec<_>>(), expected);
        let aborted = events.iter().filter_map(|event| match event {
            Event::WorkerEnded { signal: Some(ABORT), .. } => Some(event.to_string()),
            _ => None,
        });
        let aborted: Vec<_> = aborted.collect();
        assert_eq!(aborted.len(), 6);
        assert!(aborted.iter().all(|text| text.ends_with(ABORT_TEXT)), "{aborted:?}");
    }
}

#[test]
fn a_time_out_a_panic_and_a_cancelled_task_are_final() {
    let _watchdog = watch("no retries");
    let (_never, hang) = ipc::channel::<()>(1).unwrap();
    let pool = Pool::builder().workers(1).retries(5).task_timeout(LIMIT).processes().unwrap();
    let late = pool.apply(odd_hangs, (hang, 1));
    assert_eq!(late, Err(TaskError::TimedOut { after: LIMIT }));
    assert_eq!(pool.stats().workers[0].restarts, 1);
    let pool = Pool::builder().workers(1).retries(5).processes().unwrap();
    assert!(matches!(pool.apply(odd_panics, 1), Err(TaskError::Panicked(_))));
    assert_eq!(pool.stats().workers[0].restarts, 0);
}
