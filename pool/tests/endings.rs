//! How pools end: closed, terminated, dropped, forgotten, and in great numbers. Tested once and run
//! on every kind of pool; then what only processes have.

mod kinds;
mod sys;
mod watchdog;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use ipc::{Receiver, RecvError, Sender, Shared};
use kinds::Kinds as _;
use pool::{Pool, ProcessPool, TaskError, TaskId, TaskKey};
use proc_spawn::Process;
use watchdog::watch;

proc_spawn::enable_test_support!();

fn double(n: u64) -> u64 {
    2 * n
}

fn count(counter: Shared<AtomicU64>) -> u64 {
    counter.fetch_add(1, SeqCst)
}

/// Says that it has begun, and goes on when it is told to.
fn meet(here: Sender<u32>, go_on: Receiver<()>) {
    here.send(std::process::id()).expect("the test listens");
    // That nobody will ever tell it is as good.
    let _ = go_on.recv();
}

macro_rules! suite {
    ($kind:ident) => {
        mod $kind {
            use super::*;

            #[test]
            fn terminate_cancels_ten_thousand_tasks_within_a_second() {
                let _watchdog = watch("a terminate");
                let pool = Pool::builder().workers(2).$kind().unwrap();
                let (_go, go_on) = ipc::channel::<()>(1).unwrap();
                let (here, begun) = ipc::channel(2).unwrap();
                let running = [(); 2].map(|()| pool.submit(meet, (here.clone(), go_on.clone())));
                (0..2).for_each(|_| assert!(begun.recv().unwrap() > 0));
                let waiting: Vec<_> = (0..10_000).map(|n| pool.submit(double, n)).collect();
                let call = pool.map_async(double, 0..10_000);
                let start = Instant::now();
                pool.terminate();
                assert!(running.into_iter().all(|it| it.get() == Err(TaskError::Cancelled)));
                assert!(waiting.into_iter().all(|it| it.get() == Err(TaskError::Cancelled)));
                assert_eq!(call.get(), Err(TaskError::Cancelled));
                pool.join();
                assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
            }

            #[test]
            fn what_waited_when_a_pool_is_dropped_is_finished() {
                let _watchdog = watch("a drop");
                let counter = Shared::new(AtomicU64::new(0)).unwrap();
                let pool = Pool::builder().workers(2).$kind().unwrap();
                let tasks: Vec<_> =
                    (0..1000).map(|_| pool.submit(count, counter.clone())).collect();
                drop(pool);
                assert_eq!(counter.load(SeqCst), 1000);
                let all: HashSet<_> = tasks.into_iter().map(|task| task.get().unwrap()).collect();
                assert_eq!(all.len(), 1000, "results outlive their pool");
            }

            #[test]
            fn two_hundred_workers_work() {
                let _watchdog = watch("200 workers");
                let pool = Pool::builder().workers(200).$kind().unwrap();
                let (go, go_on) = ipc::channel::<()>(1).unwrap();
                let (here, begun) = ipc::channel(200).unwrap();
                let all = pool.map_async(meet, vec![(here, go_on); 200]);
                // All at the same time.
                (0..200).for_each(|_| assert!(begun.recv().unwrap() > 0));
                drop(go);
                assert_eq!(all.get().unwrap().len(), 200);
                let stats = pool.stats();
                assert_eq!(stats.workers.len(), 200);
                assert!(stats.workers.iter().all(|worker| worker.peak_memory > 1 << 16));
                assert_eq!(stats.to_string().lines().count(), 201);
                pool.join();
            }
        }
    };
}

suite!(threads);
suite!(by_spawn);
sys::where_a_fork_server_can_be! {
    suite!(by_fork_server);
}

/// Has a pool whose workers are busy, and returns as if there were none.
fn forget_a_pool(here: Sender<u32>, begun: Receiver<u32>, go_on: Receiver<()>) {
    let pool = ProcessPool::new(2).unwrap();
    for _ in 0..2 {
        drop(pool.submit(meet, (here.clone(), go_on.clone())));
        begun.recv().unwrap();
    }
    std::mem::forget(pool);
}

#[test]
fn the_exit_of_a_process_ends_a_pool_that_was_forgotten() {
    let _watchdog = watch("an exit");
    let (here, begun) = ipc::channel(2).unwrap();
    let (go, go_on) = ipc::channel(1).unwrap();
    let owner = Process::spawn(forget_a_pool, (here, begun.clone(), go_on)).unwrap();
    owner.join().unwrap();
    // The workers could send; that nobody can says that they are gone.
    assert!(matches!(begun.recv(), Err(RecvError::Disconnected)));
    drop(go);
}

#[test]
fn a_task_has_a_name_that_tells_it_from_others() {
    let (first, second) = (TaskKey::unique(), TaskKey::unique());
    assert_ne!(first, second);
    let id = |key| TaskId::new(double, key).unwrap();
    assert_eq!(id(first), id(first));
    assert_ne!(id(first), id(second));
    assert_eq!(id(first).function(), id(second).function());
    assert_ne!(id(first).function(), TaskId::new(count, first).unwrap().function());
    assert!(!id(first).build().is_empty() && TaskKey::new(first.value()) == first);
}
