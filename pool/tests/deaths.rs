//! A worker process may die at any time of anything: what it costs, and what it does not.

mod sys;
mod watchdog;

use std::process;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use ipc::{Receiver, RecvError, Sender, Shared};
use pool::{Event, Pool, ProcessPool, TaskError};
use proc_spawn::{Process, active_children};
use sys::{ABORT, ABORT_TEXT, CRASH, MINUS_ONE, crash, is_kill, kill};
use watchdog::watch;

proc_spawn::enable_test_support!();

fn double(n: u64) -> u64 {
    2 * n
}

/// Says that it runs and then waits for its end.
fn wait_to_be_killed(here: Sender<u32>) {
    here.send(process::id()).expect("the test listens");
    loop {
        thread::park();
    }
}

fn kill_myself() -> ! {
    kill(&[process::id()]);
    // The end is on its way.
    loop {
        thread::park();
    }
}

fn pids(pool: &ProcessPool) -> Vec<u32> {
    pool.stats().workers.iter().map(|worker| worker.pid).collect()
}

/// Ends the worker's process in the way that is the worker's number, if it is one.
fn end(n: u64) -> u64 {
    match n {
        1 => process::exit(3),
        2 => process::abort(),
        3 => crash(),
        4 => kill_myself(),
        5 => process::exit(0),
        6 => process::exit(-1),
        _ => n,
    }
}

/// What a dead worker's task says: the signal and the exit code.
fn death<R: std::fmt::Debug>(result: Result<R, TaskError>) -> (Option<i32>, Option<i32>) {
    match result {
        Err(TaskError::WorkerDied { pid, signal, exitcode, attempts, .. }) => {
            assert!(pid > 0 && attempts == 1);
            (signal, exitcode)
        }
        other => panic!("expected a death, got {other:?}"),
    }
}

fn expect_kill<R: std::fmt::Debug>(result: Result<R, TaskError>) {
    let end = death(result);
    assert!(is_kill(end), "{end:?}");
}

#[test]
fn a_worker_killed_in_mid_task_is_replaced_and_the_call_still_returns() {
    let _watchdog = watch("a kill in mid-task");
    let pool = ProcessPool::new(2).unwrap();
    for _ in 0..5 {
        let (here, begun) = ipc::channel(1).unwrap();
        let task = pool.submit(wait_to_be_killed, here);
        let others: Vec<_> = (0..20).map(|n| pool.submit(double, n)).collect();
        let pid = begun.recv().unwrap();
        kill(&[pid]);
        match task.get() {
            Err(TaskError::WorkerDied { pid: dead, signal, exitcode, attempts, .. }) => {
                assert_eq!((dead, attempts), (pid, 1));
                assert!(is_kill((signal, exitcode)), "{signal:?} {exitcode:?}");
            }
            other => panic!("expected a death, got {other:?}"),
        }
        for (n, task) in (0..20).zip(others) {
            assert_eq!(task.get(), Ok(2 * n));
        }
        assert_eq!(pool.map(double, 0..100).unwrap().len(), 100);
    }
    assert_eq!(pool.stats().workers.iter().map(|it| it.restarts).sum::<u64>(), 5);
}

#[test]
fn every_kind_of_end_costs_its_item_and_no_other() {
    let _watchdog = watch("many kinds of end");
    for chunk_size in [1, 4, 100] {
        let pool = Pool::builder().workers(2).chunk_size(chunk_size).processes().unwrap();
        let results = pool.map_each(end, [10, 1, 11, 2, 12, 3, 4, 13, 5, 14, 6]);
        let mut results = results.into_iter();
        let mut next = || results.next().unwrap();
        assert_eq!(next(), Ok(10));
        assert_eq!(death(next()), (None, Some(3)));
        assert_eq!(next(), Ok(11));
        assert_eq!(death(next()), (Some(ABORT), None));
        assert_eq!(next(), Ok(12));
        assert_eq!(death(next()), (Some(CRASH), None));
        expect_kill(next());
        assert_eq!(next(), Ok(13));
        assert_eq!(death(next()), (None, Some(0)));
        assert_eq!(next(), Ok(14));
        assert_eq!(death(next()), (None, Some(MINUS_ONE)));
    }
}

#[test]
fn the_error_of_a_death_names_the_item() {
    let _watchdog = watch("the name of an item");
    fn named<R: std::fmt::Debug>(result: Result<R, TaskError>) {
        let error = result.unwrap_err();
        let says = format!("{ABORT_TEXT} while it ran item 4 (number 2)");
        assert!(error.to_string().ends_with(&says), "{error}");
        match error {
            TaskError::WorkerDied { index: 4, item, .. } => {
                assert_eq!(item.as_deref(), Some("number 2"));
            }
            other => panic!("expected a death, got {other:?}"),
        }
    }
    for chunk_size in [1, 3] {
        let pool = Pool::builder().workers(2).chunk_size(chunk_size);
        let pool = pool.describe(|n: &u64| format!("number {n}")).processes().unwrap();
        let items = [10, 11, 12, 13, 2, 14];
        named(pool.map(end, items));
        named(pool.map_each(end, items).swap_remove(4));
        named(pool.imap(end, items).nth(4).unwrap());
    }
}

#[test]
fn a_map_in_which_a_worker_dies_says_so_and_the_pool_goes_on() {
    let _watchdog = watch("a map with a death");
    let pool = ProcessPool::new(2).unwrap();
    for _ in 0..3 {
        expect_kill(pool.map(end, [10, 4, 11]));
        assert_eq!(pool.map(end, 10..20).unwrap(), Vec::from_iter(10..20));
    }
}

/// Makes a worker mortal: each message kills one, whatever it is doing.
fn mortal(die: Receiver<()>) {
    thread::spawn(move || {
        if die.recv().is_ok() {
            kill_myself();
        }
    });
}

#[test]
fn workers_killed_while_they_have_nothing_to_do_are_replaced() {
    let _watchdog = watch("idle workers");
    let (kill, die) = ipc::channel(2).unwrap();
    let pool = Pool::builder().workers(2).initializer(mortal, die).processes().unwrap();
    for round in 0..4 {
        // A death that comes late finds an item.
        let results = pool.map_each(double, 0..100);
        let died = results.into_iter().filter(|result| result.is_err()).map(death).count();
        assert!(died <= 2, "{died}");
        // One of them, then both at once.
        for _ in 0..1 + round % 2 {
            kill.send(()).unwrap();
        }
        while !kill.is_empty() {
            thread::yield_now();
        }
    }
    assert_eq!(pool.map_each(double, 0..100).len(), 100);
}

#[test]
fn a_worker_killed_before_its_first_task_is_replaced() {
    let _watchdog = watch("young workers");
    for _ in 0..5 {
        let pool = ProcessPool::new(2).unwrap();
        for pid in pids(&pool) {
            kill(&[pid]);
        }
        assert_eq!(pool.map(double, 0..100).unwrap()[99], 198);
    }
}

#[test]
fn two_workers_killed_at_once_cost_two_tasks() {
    let _watchdog = watch("two deaths");
    let pool = ProcessPool::new(2).unwrap();
    let (here, begun) = ipc::channel(2).unwrap();
    let tasks = [(); 2].map(|()| pool.submit(wait_to_be_killed, here.clone()));
    let more: Vec<_> = (0..50).map(|n| pool.submit(double, n)).collect();
    let pids = [begun.recv().unwrap(), begun.recv().unwrap()];
    kill(&pids);
    tasks.into_iter().for_each(|task| expect_kill(task.get()));
    for (n, task) in (0..50).zip(more) {
        assert_eq!(task.get(), Ok(2 * n));
    }
}

#[test]
fn a_listener_can_break_the_pool_at_the_first_death() {
    let _watchdog = watch("a pool that breaks");
    let pool = Arc::new(OnceLock::<ProcessPool>::new());
    let weak = Arc::downgrade(&pool);
    let on_event = move |event| {
        if let Event::TaskFailed { error: TaskError::WorkerDied { .. }, .. } = event
            && let Some(pool) = weak.upgrade()
        {
            pool.get().expect("it was set before the first task").terminate();
        }
    };
    let made = Pool::builder().workers(1).on_event(on_event).processes().unwrap();
    let pool = pool.get_or_init(|| made);
    let (here, begun) = ipc::channel(1).unwrap();
    let task = pool.submit(wait_to_be_killed, here);
    let others: Vec<_> = (0..20).map(|n| pool.submit(double, n)).collect();
    kill(&[begun.recv().unwrap()]);
    expect_kill(task.get());
    for task in others {
        assert_eq!(task.get(), Err(TaskError::Cancelled));
    }
    assert_eq!(pool.apply(double, 1), Err(TaskError::Closed));
}

#[test]
fn an_initializer_that_kills_its_worker_ends_the_pool() {
    let _watchdog = watch("a deadly initializer");
    let fatal = |()| process::exit(9);
    let pool = Pool::builder().workers(2).initializer(fatal, ()).processes().unwrap();
    match pool.map(double, 0..10) {
        Err(TaskError::Initializer(failure)) => {
            assert!(failure.to_string().contains("code 9"), "{failure}");
        }
        other => panic!("expected the initializer's failure, got {other:?}"),
    }
    drop(pool);
}

#[test]
fn no_worker_is_left_when_a_pool_is_dropped_or_terminated() {
    let _watchdog = watch("the end of a pool");
    let named = |name: &str| {
        let children = active_children();
        children.iter().filter(|child| child.name.starts_with(name)).count()
    };
    let pool = Pool::builder().workers(3).name("dropped").processes().unwrap();
    assert_eq!(named("dropped-"), 3);
    drop(pool.submit(double, 1));
    drop(pool);
    assert_eq!(named("dropped-"), 0);

    let pool = Pool::builder().workers(3).name("terminated").processes().unwrap();
    let (here, begun) = ipc::channel(1).unwrap();
    let task = pool.submit(wait_to_be_killed, here);
    begun.recv().unwrap();
    pool.terminate();
    assert_eq!(task.get(), Err(TaskError::Cancelled));
    pool.join();
    assert_eq!(named("terminated-"), 0);
}

/// Makes a pool whose workers are all busy, and waits to be killed.
fn have_a_pool(here: Sender<u32>) {
    let pool = ProcessPool::new(2).unwrap();
    let tasks = [(); 2].map(|()| pool.submit(wait_to_be_killed, here.clone()));
    drop(here);
    for task in tasks {
        let _ = task.get();
    }
}

#[test]
fn workers_die_with_the_process_that_has_the_pool() {
    let _watchdog = watch("the death of a parent");
    let (here, begun) = ipc::channel(2).unwrap();
    let owner = Process::spawn(have_a_pool, here).unwrap();
    begun.recv().unwrap();
    begun.recv().unwrap();
    owner.kill().unwrap();
    // Both workers could send; that nobody can any more says that they are gone.
    assert!(matches!(begun.recv(), Err(RecvError::Disconnected)));
}

#[test]
fn a_worker_may_have_a_pool_of_its_own() {
    let _watchdog = watch("a pool in a pool");
    fn sum(n: u64) -> u64 {
        let pool = ProcessPool::new(2).expect("a pool in a worker");
        pool.map(double, 0..n).expect("a map").iter().sum()
    }
    let pool = ProcessPool::new(2).unwrap();
    assert_eq!(pool.map(sum, [3, 4]).unwrap(), [6, 12]);
}

/// Counts that it has begun, and says so again by its result.
fn count(counter: Shared<AtomicU64>, n: u64) -> u64 {
    counter.fetch_add(1, SeqCst);
    n
}

#[test]
fn under_random_kills_every_item_has_one_outcome_and_none_runs_twice() {
    let _watchdog = watch("random kills");
    const ITEMS: u64 = 4_000;
    let counter = Shared::new(AtomicU64::new(0)).unwrap();
    for chunk_size in [1, 50] {
        let (kill, die) = ipc::channel(1).unwrap();
        let pool = Pool::builder().workers(3).chunk_size(chunk_size).initializer(mortal, die);
        let pool = pool.processes().unwrap();
        let before = counter.load(SeqCst);
        let stop = AtomicBool::new(false);
        let (results, kills) = thread::scope(|scope| {
            let killer = scope.spawn(|| {
                let mut kills = 0;
                while !stop.load(SeqCst) {
                    // As soon as there is a worker to take the last one.
                    if kill.send_timeout((), Duration::from_millis(10)).is_ok() {
                        kills += 1;
                    }
                }
                kills
            });
            let items = (0..ITEMS).map(|n| (counter.clone(), n));
            let results = pool.map_each(count, items);
            stop.store(true, SeqCst);
            (results, killer.join().unwrap())
        });
        let mut died = 0;
        for (n, result) in (0..ITEMS).zip(results) {
            match result {
                Ok(value) => assert_eq!(value, n),
                error => {
                    expect_kill(error);
                    died += 1;
                }
            }
        }
        // An item whose worker died may have been counted or not.
        let begun = counter.load(SeqCst) - before;
        assert!((ITEMS - died..=ITEMS).contains(&begun), "{begun} begun, {died} died");
        assert!(died <= kills, "{died} items died of {kills} kills");
    }
}
