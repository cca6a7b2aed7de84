//! Timeouts while others die, and more processes than a primitive has room for.
#![cfg(unix)]

mod support;

use std::panic::catch_unwind;
use std::thread;
use std::time::{Duration, Instant};

use support::arena::Arena;
use support::guarded;
use support::sys::child::{Child, child};
use sync_prims::MAX_HOLDERS;
use sync_prims::process::{Condition, Event, Lock, RwLock, Semaphore};

const TIME: Duration = Duration::from_millis(100);
/// How much later than its time a wait may return.
const LATER: Duration = Duration::from_millis(50);
const DEATHS: usize = 5;

fn place<T: Sync>(value: T) -> &'static T {
    Arena::shared().place(value)
}

/// Children that take something and stay. Returns when all have it.
fn holders<G>(count: usize, take: impl Fn() -> G) -> Vec<Child> {
    let taken = place(Semaphore::new(0));
    let end = place(Event::new());
    let holder = |_| {
        child(|| {
            let _held = take();
            taken.release(1);
            end.wait();
        })
    };
    let children = (0..count).map(holder).collect();
    (0..count).for_each(|_| taken.acquire().forget());
    children
}

/// How long `wait` takes while all but one of `others` are killed.
fn time_beside_deaths(mut others: Vec<Child>, wait: impl Fn() + Send) -> Duration {
    thread::scope(|scope| {
        let waiter = support::asleep_in(scope, move || {
            let start = Instant::now();
            wait();
            start.elapsed()
        });
        for other in others.iter_mut().skip(1) {
            other.kill_and_wait();
            // sleep: spreads the deaths over the wait.
            thread::sleep(TIME / (2 * DEATHS as u32));
        }
        waiter.join().expect("the waiter returns")
    })
}

/// A machine that is busy with other things may be late by itself, so the best of a few counts.
fn assert_in_time(attempt: impl Fn() -> Duration) {
    let took = (0..5).map(|_| attempt()).min().unwrap_or_default();
    assert!(took >= TIME && took <= TIME + LATER, "{took:?}");
}

#[test]
fn a_writers_timeout_is_kept_while_readers_die() {
    guarded(|| {
        let lock = place(RwLock::new(()));
        assert_in_time(|| {
            let readers = holders(DEATHS, || lock.read());
            time_beside_deaths(readers, || assert!(lock.write_timeout(TIME).is_err()))
        });
    });
}

#[test]
fn a_lockers_timeout_is_kept_while_other_waiters_die() {
    guarded(|| {
        let lock = place(Lock::new(()));
        let _guard = lock.lock().unwrap();
        assert_in_time(|| {
            let others = (0..DEATHS).map(|_| child(|| drop(lock.lock()))).collect();
            time_beside_deaths(others, || assert!(lock.lock_timeout(TIME).is_err()))
        });
    });
}

#[test]
fn an_acquirers_timeout_is_kept_while_other_waiters_die() {
    guarded(|| {
        let semaphore = place(Semaphore::new(0));
        assert_in_time(|| {
            let others = (0..DEATHS).map(|_| child(|| drop(semaphore.acquire()))).collect();
            time_beside_deaths(others, || assert!(semaphore.acquire_timeout(TIME).is_none()))
        });
    });
}

#[test]
fn the_timeouts_of_conditions_and_events_are_kept_while_other_waiters_die() {
    guarded(|| {
        let (lock, condition) = (place(Lock::new(())), place(Condition::new()));
        let guard = || lock.lock().unwrap_or_else(|poisoned| poisoned.recover());
        assert_in_time(|| {
            let others = (0..DEATHS).map(|_| child(|| drop(condition.wait(guard())))).collect();
            time_beside_deaths(others, || {
                let waited = condition.wait_timeout(guard(), TIME);
                assert!(waited.unwrap_or_else(|poisoned| poisoned.recover()).1.timed_out());
            })
        });
        let event = place(Event::new());
        assert_in_time(|| {
            let others = (0..DEATHS).map(|_| child(|| event.wait())).collect();
            time_beside_deaths(others, || assert!(!event.wait_timeout(TIME)))
        });
    });
}

#[test]
fn one_process_too_many_is_refused_and_a_dead_one_makes_room() {
    guarded(|| {
        let semaphore = place(Semaphore::new(2 * MAX_HOLDERS));
        let mut children = holders(MAX_HOLDERS, || semaphore.acquire());
        assert!(catch_unwind(|| drop(semaphore.acquire())).is_err());
        children[7].kill_and_wait();
        drop(semaphore.acquire());
    });
}
