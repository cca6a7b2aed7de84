//! Pools whose workers are elsewhere. The carrier here leads no further than to pools of this process, but all
//! that goes to them and comes back is bytes.

mod watchdog;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ipc::Queue;
use pool::remote::{self, Carrier, Load};
use pool::{Event, Executor, Pool, PoolError, ProcessPool, RemotePool, TaskError, TaskKey};
use serde::{Deserialize, Deserializer, Serialize};
use watchdog::watch;

proc_spawn::enable_test_support!();

/// Takes loads to a pool of processes.
struct Near {
    workers: ProcessPool,
    /// How many loads it was given.
    carried: Arc<AtomicU64>,
    recalled: Arc<Mutex<Vec<TaskKey>>>,
    closed: Arc<AtomicBool>,
}

impl Near {
    fn new(workers: usize) -> Near {
        let workers = ProcessPool::new(workers).expect("workers");
        let (carried, recalled, closed) = Default::default();
        Near { workers, carried, recalled, closed }
    }
}

impl Carrier for Near {
    fn workers(&self) -> usize {
        self.workers.workers()
    }

    fn carry(&self, load: Load) {
        self.carried.fetch_add(1, SeqCst);
        match remote::run(&self.workers, load.bytes()) {
            Ok(task) => task.on_done(|answer| match answer {
                Ok(answer) => load.settle(&answer),
                Err(error) => load.fail(error),
            }),
            Err(error) => load.fail(TaskError::Decode(error)),
        }
    }

    fn recall(&self, key: TaskKey) {
        self.recalled.lock().expect("nobody panics").push(key);
    }

    fn close(&self) {
        assert!(!self.closed.swap(true, SeqCst), "closed twice");
    }
}

/// Keeps what it is given.
#[derive(Clone, Default)]
struct Keeper(Arc<Mutex<(Vec<Load>, Vec<TaskKey>)>>);

impl Keeper {
    fn take(&self) -> Vec<Load> {
        std::mem::take(&mut self.0.lock().expect("nobody panics").0)
    }

    fn recalled(&self) -> Vec<TaskKey> {
        self.0.lock().expect("nobody panics").1.clone()
    }
}

impl Carrier for Keeper {
    fn workers(&self) -> usize {
        2
    }

    fn carry(&self, load: Load) {
        self.0.lock().expect("nobody panics").0.push(load);
    }

    fn recall(&self, key: TaskKey) {
        self.0.lock().expect("nobody panics").1.push(key);
    }

    fn close(&self) {}
}

fn double(n: u64) -> u64 {
    2 * n
}

fn odd_panics(n: u64) -> u64 {
    assert!(n.is_multiple_of(2), "{n} is odd");
    n
}

fn seven_kills(n: u64) -> u64 {
    if n == 7 {
        std::process::abort();
    }
    n
}

fn died(pid: u32) -> TaskError {
    let (signal, exitcode, attempts, index, item) = (Some(9), None, 1, 0, None);
    TaskError::WorkerDied { pid, signal, exitcode, attempts, index, item }
}

#[test]
fn results_come_in_the_order_of_the_items_whatever_the_chunks() {
    let _watchdog = watch("maps");
    for chunk in [1, 3, 1000] {
        let pool = Pool::builder().chunk_size(chunk).carried_by(Near::new(2)).unwrap();
        for items in [0, 1, 2, 7, 500] {
            let expected: Vec<u64> = (0..items).map(double).collect();
            assert_eq!(pool.map(double, 0..items).unwrap(), expected);
            assert_eq!(pool.imap(double, 0..items).map(Result::unwrap).sum::<u64>(), {
                expected.iter().sum::<u64>()
            });
        }
        pool.join();
    }
}

#[test]
fn a_panic_fails_its_item_and_no_other() {
    let _watchdog = watch("a panic");
    for chunk in [1, 4, 100] {
        let pool = Pool::builder().chunk_size(chunk).carried_by(Near::new(2)).unwrap();
        for (n, result) in (0..20).zip(pool.map_each(odd_panics, 0..20)) {
            match result {
                Ok(value) => assert_eq!((value, n % 2), (n, 0)),
                Err(TaskError::Panicked(panic)) => assert_eq!(panic.message, format!("{n} is odd")),
                Err(other) => panic!("{other:?}"),
            }
        }
        // One that has not begun when a later one fails is skipped: so there is but one that fails.
        match pool.map(odd_panics, (0..100).map(|n| if n == 7 { 7 } else { 2 * n })) {
            Err(TaskError::Panicked(panic)) => assert_eq!(panic.message, "7 is odd"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_dead_worker_costs_its_own_item_of_a_chunk_and_each_attempt_is_told() {
    let _watchdog = watch("a death");
    let (told, events) = std::sync::mpsc::channel();
    let pool = Pool::builder()
        .chunk_size(10)
        .retries(2)
        .on_event(move |event| drop(told.send(event)))
        .carried_by(Near::new(2))
        .unwrap();
    for (n, result) in (0..10).zip(pool.map_each(seven_kills, 0..10)) {
        match result {
            Ok(value) => assert_eq!(value, n),
            Err(TaskError::WorkerDied { attempts: 3, index: 7, .. }) => assert_eq!(n, 7),
            Err(other) => panic!("{n}: {other:?}"),
        }
    }
    drop(pool);
    let events: Vec<Event> = events.into_iter().collect();
    let retried = |event: &&Event| matches!(event, Event::TaskRetried { index: 7, .. });
    assert_eq!(events.iter().filter(retried).count(), 2, "{events:?}");
}

#[test]
fn a_handle_among_the_arguments_or_in_the_result_is_an_encode_error() {
    let _watchdog = watch("handles");
    let pool = Pool::builder().chunk_size(5).carried_by(Near::new(1)).unwrap();
    let queue = Queue::<u64>::bounded(1).unwrap();
    match pool.apply(|queue: Queue<u64>| queue.len(), queue.clone()) {
        Err(TaskError::Encode(error)) => assert!(error.to_string().contains("handle"), "{error}"),
        other => panic!("{other:?}"),
    }
    match pool.apply(|| Queue::<u64>::bounded(1).ok(), ()) {
        Err(TaskError::Encode(error)) => assert!(error.to_string().contains("handle"), "{error}"),
        other => panic!("{:?}", other.map(|_| ())),
    }
    // In a chunk it fails alone.
    let items = [None, None, Some(queue), None, None];
    let results = pool.map_each(|queue: Option<Queue<u64>>| queue.is_none(), items);
    let good: Vec<_> = results.iter().map(Result::is_ok).collect();
    assert_eq!(good, [true, true, false, true, true], "{results:?}");
}

#[test]
fn a_load_that_is_lost_fails_its_items_and_one_that_fails_too() {
    let _watchdog = watch("lost loads");
    let keeper = Keeper::default();
    let pool = Pool::builder().retries(1).carried_by(keeper.clone()).unwrap();
    let task = pool.submit(double, 1);
    drop(keeper.take());
    assert!(matches!(task.get(), Err(TaskError::Broken(_))));
    let task = pool.submit(double, 1);
    keeper.take().into_iter().for_each(|load| load.fail(died(5)));
    assert!(!task.is_done(), "it is begun anew");
    keeper.take().into_iter().for_each(|load| load.settle(&remote::refuse(died(6))));
    match task.get() {
        Err(TaskError::WorkerDied { pid: 6, attempts: 2, .. }) => {}
        other => panic!("{other:?}"),
    }
    let task = pool.submit(double, 1);
    keeper.take().into_iter().for_each(|load| load.settle(b"no answer"));
    assert!(matches!(task.get(), Err(TaskError::Decode(_))));
}

#[test]
fn what_nobody_waits_for_any_more_is_recalled() {
    let _watchdog = watch("recalls");
    let keeper = Keeper::default();
    let pool = Pool::builder().carried_by(keeper.clone()).unwrap();
    let tasks: Vec<_> = (0..200).map(|n| pool.submit(double, n)).collect();
    let loads = keeper.take();
    assert!(loads.len() < 200, "the carrier is not given all at once");
    assert!(tasks[0].cancel() && tasks[199].cancel());
    assert_eq!(keeper.recalled(), [loads[0].key()]);
    let more = keeper.take();
    assert_eq!(more.len(), 1, "there was room for another");
    pool.terminate();
    assert_eq!(keeper.recalled().len(), loads.len() + more.len());
    for task in tasks {
        assert_eq!(task.get(), Err(TaskError::Cancelled));
    }
    // A late word changes nothing.
    drop((loads, more));
    assert_eq!(pool.apply(double, 1), Err(TaskError::Closed));
}

#[test]
fn two_deliveries_under_one_key_are_one_task() {
    let _watchdog = watch("two deliveries");
    let keeper = Keeper::default();
    let pool = Pool::builder().carried_by(keeper.clone()).unwrap();
    let key = TaskKey::new(5);
    let tasks = [pool.deliver(key, double, 4), pool.deliver(key, double, 4)];
    let loads = keeper.take();
    assert_eq!(loads.len(), 1);
    let workers = ProcessPool::new(1).unwrap();
    for load in loads {
        let answer = remote::run(&workers, load.bytes()).unwrap().get().unwrap();
        load.settle(&answer);
    }
    assert_eq!(tasks.map(pool::Task::get), [Ok(8), Ok(8)]);
}

#[test]
fn tasks_of_two_functions_under_one_key_are_two() {
    let _watchdog = watch("two functions");
    let keeper = Keeper::default();
    let pool = Pool::builder().carried_by(keeper.clone()).unwrap();
    let key = TaskKey::new(5);
    let tasks = [pool.deliver(key, double, 4), pool.deliver(key, odd_panics, 4)];
    let workers = ProcessPool::new(1).unwrap();
    for load in keeper.take() {
        let answer = remote::run(&workers, load.bytes()).unwrap().get().unwrap();
        load.settle(&answer);
    }
    assert_eq!(tasks.map(pool::Task::get), [Ok(8), Ok(4)]);
}

#[test]
fn a_word_on_a_task_that_was_cancelled_is_none_on_the_one_that_has_its_key_next() {
    let _watchdog = watch("one key twice");
    let keeper = Keeper::default();
    let pool = Pool::builder().carried_by(keeper.clone()).unwrap();
    let key = TaskKey::new(5);
    assert!(pool.deliver(key, double, 4).cancel());
    let cancelled = keeper.take();
    let task = pool.deliver(key, double, 5);
    cancelled.into_iter().for_each(|load| load.fail(died(5)));
    assert!(!task.is_done(), "the word was on another");
    let workers = ProcessPool::new(1).unwrap();
    for load in keeper.take() {
        let answer = remote::run(&workers, load.bytes()).unwrap().get().unwrap();
        load.settle(&answer);
    }
    assert_eq!(task.get(), Ok(10));
}

/// The pool to which [`Submits`] submits.
static AGAIN: Mutex<Option<Arc<RemotePool>>> = Mutex::new(None);

/// Submits something when it is read.
#[derive(Debug, Serialize)]
struct Submits(u64);

impl<'de> Deserialize<'de> for Submits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Submits, D::Error> {
        let n = u64::deserialize(deserializer)?;
        if let Some(pool) = &*AGAIN.lock().expect("nobody panics") {
            drop(pool.submit(double, n));
        }
        Ok(Submits(n))
    }
}

#[test]
fn a_result_that_submits_more_when_it_is_read_waits_for_nobody() {
    let _watchdog = watch("a result that submits");
    let pool = Arc::new(Pool::builder().chunk_size(1).carried_by(Near::new(1)).unwrap());
    *AGAIN.lock().expect("nobody panics") = Some(Arc::clone(&pool));
    let results = pool.map(Submits, 0..500);
    AGAIN.lock().expect("nobody panics").take();
    assert_eq!(results.unwrap().iter().map(|it| it.0).sum::<u64>(), (0..500).sum());
}

#[test]
fn items_that_an_answer_lacks_fail() {
    let _watchdog = watch("a short answer");
    let keeper = Keeper::default();
    let pool = Pool::builder().chunk_size(3).carried_by(keeper.clone()).unwrap();
    let workers = ProcessPool::new(1).unwrap();
    let short = pool.submit(double, 4);
    let load = keeper.take().pop().expect("one");
    let answer = remote::run(&workers, load.bytes()).unwrap().get().unwrap();
    load.settle(&answer);
    assert_eq!(short.get(), Ok(8));
    let tasks = pool.map_async(double, 1..4);
    keeper.take().into_iter().for_each(|load| load.settle(&answer));
    assert!(matches!(tasks.get(), Err(TaskError::Decode(_))));
}

#[test]
fn a_load_of_anything_else_is_refused() {
    let workers = ProcessPool::new(1).unwrap();
    for bytes in [&b""[..], b"anything", &[255; 100]] {
        assert!(remote::run(&workers, bytes).is_err());
    }
}

#[test]
fn settings_for_those_who_start_workers_are_refused() {
    let second = Duration::from_secs(1);
    for (builder, name) in [
        (Pool::builder().workers(2), "the number of workers"),
        (Pool::builder().task_timeout(second), "the time limit of a task"),
        (Pool::builder().memory_limit(1 << 30), "the memory limit"),
        (Pool::builder().max_tasks_per_worker(3), "the number of tasks to a worker"),
    ] {
        match builder.carried_by(Keeper::default()) {
            Err(PoolError::Invalid { what, .. }) => assert_eq!(what, name),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn joining_waits_for_what_was_submitted_and_then_closes_the_carrier() {
    let _watchdog = watch("a join");
    let near = Near::new(2);
    let (carried, closed) = (Arc::clone(&near.carried), Arc::clone(&near.closed));
    let pool = Pool::builder().carried_by(near).unwrap();
    for n in 0..200 {
        drop(pool.submit(double, n));
    }
    pool.join();
    assert_eq!((carried.load(SeqCst), closed.load(SeqCst)), (200, true));
}

/// Takes nothing anywhere, and says so at once.
struct Nowhere;

impl Carrier for Nowhere {
    fn workers(&self) -> usize {
        0
    }

    fn carry(&self, load: Load) {
        load.fail(TaskError::NoWorker { waited: Duration::ZERO, why: "nowhere".to_owned() });
    }

    fn recall(&self, _: TaskKey) {}

    fn close(&self) {}
}

#[test]
fn a_carrier_may_settle_loads_while_it_is_given_them() {
    let _watchdog = watch("a carrier that goes nowhere");
    let pool = Pool::builder().chunk_size(1).carried_by(Nowhere).unwrap();
    let results = pool.map_each(double, 0..100_000);
    let no_worker = |result: &_| matches!(result, Err(TaskError::NoWorker { .. }));
    assert!(results.len() == 100_000 && results.iter().all(no_worker));
    assert!(no_worker(&pool.apply(double, 1)));
}

#[test]
fn callbacks_come_before_the_pool_has_ended_and_may_use_it() {
    let _watchdog = watch("callbacks");
    let pool = Arc::new(Pool::builder().carried_by(Near::new(2)).unwrap());
    let (tell, told) = std::sync::mpsc::channel();
    for n in 0..20 {
        let (tell, again) = (tell.clone(), Arc::clone(&pool));
        pool.submit(double, n).on_done(move |result| {
            let result = result.and_then(|n| again.apply(double, n));
            // The last one drops the pool, maybe here.
            drop(again);
            tell.send(result).expect("the test listens");
        });
    }
    drop((pool, tell));
    let mut results: Vec<_> = told.iter().map(Result::unwrap).collect();
    results.sort_unstable();
    assert_eq!(results, (0..20).map(|n| 4 * n).collect::<Vec<_>>());
}
