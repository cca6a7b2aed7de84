//! What only pools of threads have to bear: a thread cannot be killed, and what panics as it ends takes everybody along.

mod watchdog;

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use pool::{Event, Pool, TaskError, ThreadPool};
use watchdog::watch;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(30);
/// How long an item may run.
const LIMIT: Duration = Duration::from_millis(50);

fn double(n: u64) -> u64 {
    2 * n
}

/// It ends with the test.
fn hang() -> u64 {
    loop {
        thread::park();
    }
}

fn timed_out<R>(result: Option<Result<R, TaskError>>) -> bool {
    matches!(result, Some(Err(TaskError::TimedOut { .. })))
}

/// Begins, and ends when it may.
fn meets_twice(meeting: &Arc<Barrier>) -> impl FnOnce() + Send + 'static {
    let here = Arc::clone(meeting);
    move || {
        here.wait();
        here.wait();
    }
}

/// Its drop is told.
struct Tells(Sender<()>);

impl Drop for Tells {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// Its drop panics.
struct Brittle;

impl Drop for Brittle {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[test]
fn the_state_of_a_worker_may_panic_when_it_is_dropped() {
    let _watchdog = watch("a state whose drop panics");
    let pool = Pool::builder().workers(2).initializer(|| Brittle, ()).threads().unwrap();
    assert_eq!(pool.apply(double, 4), Ok(8));
    pool.join();
}

#[test]
fn items_that_are_given_up_may_all_panic_when_they_are_dropped() {
    let _watchdog = watch("items whose drops panic");
    let pool = ThreadPool::new(1).unwrap();
    let meeting = Arc::new(Barrier::new(2));
    let first = pool.submit(meets_twice(&meeting), ());
    meeting.wait();
    let given_up = pool.map_async(std::mem::forget::<Brittle>, [Brittle, Brittle, Brittle]);
    pool.terminate();
    meeting.wait();
    assert_eq!(given_up.get(), Err(TaskError::Cancelled));
    drop(first);
}

#[test]
fn a_task_that_runs_on_after_its_pool_was_terminated_has_no_result() {
    let _watchdog = watch("a task that runs on");
    let (tell, told) = channel();
    let state = move || Tells(tell.clone());
    let pool = Pool::builder().workers(1).initializer(state, ()).threads().unwrap();
    let meeting = Arc::new(Barrier::new(2));
    let task = pool.submit(meets_twice(&meeting), ());
    meeting.wait();
    pool.terminate();
    meeting.wait();
    // Its worker is at its end, and so is it.
    told.recv().unwrap();
    assert!(task.is_done());
    assert_eq!(task.get(), Err(TaskError::Cancelled));
}

#[test]
fn who_drops_a_pool_waits_for_what_follows_an_item_that_took_too_long() {
    let _watchdog = watch("a pool that is dropped as a thread is given up");
    let (tell, told) = channel();
    let tell = Mutex::new(tell);
    let listen = move |event| {
        if let Event::WorkerEnded { .. } = event {
            tell.lock().unwrap().send(()).unwrap();
            // sleep: the pool is to be dropped meanwhile, which nothing tells.
            thread::sleep(Duration::from_millis(200));
        }
    };
    let builder = Pool::builder().workers(1).task_timeout(LIMIT).on_event(listen);
    let pool = builder.threads().unwrap();
    let tasks = [pool.submit(hang, ()), pool.submit(hang, ())];
    told.recv().unwrap();
    drop(pool);
    for mut task in tasks {
        assert!(timed_out(task.get_timeout(Duration::ZERO)));
    }
}

#[test]
fn a_terminated_pool_waits_for_no_initializer() {
    let _watchdog = watch("an initializer that does not end");
    let (tell, told) = channel();
    let tell = Arc::new(Mutex::new(tell));
    let never = move || {
        tell.lock().unwrap().send(()).unwrap();
        hang()
    };
    let pool = Pool::builder().workers(1).initializer(never, ()).threads().unwrap();
    let task = pool.submit(double, 4);
    told.recv().unwrap();
    pool.terminate();
    assert_eq!(task.get(), Err(TaskError::Cancelled));
    pool.join();
}

/// Drops the pool in a callback of its first task.
fn dropped_by_its_own_callback(workers: usize, first: fn(Arc<Barrier>) -> u64) {
    let _watchdog = watch("a pool that is dropped by one of its threads");
    let builder = Pool::builder().workers(workers).task_timeout(LIMIT);
    let pool = Arc::new(builder.threads().unwrap());
    let (go, go_on) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let task = pool.submit(first, Arc::clone(&go));
    let (last, here) = (Arc::clone(&pool), Arc::clone(&go_on));
    task.on_done(move |_| {
        here.wait();
        drop(last);
    });
    let mut second = pool.submit(hang, ());
    drop(pool);
    go.wait();
    go_on.wait();
    assert!(timed_out(second.get_timeout(LONG)));
}

#[test]
fn a_pool_that_is_dropped_by_a_worker_still_ends_what_takes_too_long() {
    dropped_by_its_own_callback(1, |go| {
        go.wait();
        1
    });
}

#[test]
fn a_pool_that_is_dropped_where_a_thread_is_given_up_still_ends_what_takes_too_long() {
    dropped_by_its_own_callback(2, |go| {
        go.wait();
        hang()
    });
}
