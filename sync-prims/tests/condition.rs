//! What a `Condition` does, in every world.

mod support;

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use support::asleep_in;
use support::world::World;
use sync_prims::{Condition, Lock, RLock};

in_every_world!(
    waiting_gives_the_lock_up_and_takes_it_again,
    notify_wakes_at_most_as_many_as_asked,
    a_notification_without_waiters_is_gone,
    wait_timeout_says_whether_it_was_notified,
    wait_while_asks_before_it_waits,
    wait_timeout_while_waits_no_longer_all_in_all,
    every_level_of_an_rlock_is_given_up_and_taken_again,
    no_item_is_lost_between_producers_and_consumers,
    a_poisoned_lock_is_told_to_the_waiter,
);

const LONG: Duration = Duration::from_secs(30);

fn waiting_gives_the_lock_up_and_takes_it_again<W: World>() {
    let lock = W::place(Lock::<u32, W::Scope>::new(0));
    let condition = W::place(Condition::<W::Scope>::new());
    thread::scope(|scope| {
        let waiter = asleep_in(scope, || {
            let guard = condition.wait(lock.lock().unwrap()).unwrap();
            assert!(lock.is_locked());
            *guard
        });
        let mut guard = lock.try_lock().unwrap();
        condition.notify_one();
        // It runs only once the notifier has let go of the lock.
        *guard = 4;
        drop(guard);
        assert_eq!(waiter.join().unwrap(), 4);
    });
}

fn notify_wakes_at_most_as_many_as_asked<W: World>() {
    let lock = W::place(Lock::<(), W::Scope>::new(()));
    let condition = W::place(Condition::<W::Scope>::new());
    let woken = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..6 {
            asleep_in(scope, || {
                drop(condition.wait(lock.lock().unwrap()).unwrap());
                woken.fetch_add(1, Ordering::Relaxed);
            });
        }
        for (count, total) in [(1, 1), (3, 4), (9, 6)] {
            condition.notify(count);
            while woken.load(Ordering::Relaxed) < total {
                thread::yield_now();
            }
            // sleep: nobody wakes up unasked, and that cannot be awaited.
            thread::sleep(Duration::from_millis(30));
            assert_eq!(woken.load(Ordering::Relaxed), total);
        }
    });
}

fn a_notification_without_waiters_is_gone<W: World>() {
    let lock = W::place(Lock::<(), W::Scope>::new(()));
    let condition = W::place(Condition::<W::Scope>::new());
    condition.notify_one();
    condition.notify_all();
    let result = condition.wait_timeout(lock.lock().unwrap(), Duration::from_millis(5)).unwrap();
    assert!(result.1.timed_out());
}

fn wait_timeout_says_whether_it_was_notified<W: World>() {
    let lock = W::place(Lock::<(), W::Scope>::new(()));
    let condition = W::place(Condition::<W::Scope>::new());
    thread::scope(|scope| {
        let waiter = asleep_in(scope, || {
            condition.wait_timeout(lock.lock().unwrap(), LONG).unwrap().1.timed_out()
        });
        condition.notify_all();
        assert!(!waiter.join().unwrap());
    });
    let time = Duration::from_millis(20);
    let start = Instant::now();
    let (guard, result) = condition.wait_timeout(lock.lock().unwrap(), time).unwrap();
    assert!(result.timed_out() && start.elapsed() >= time);
    drop(guard);
    // One that has given up is no waiter any more.
    condition.notify_one();
    let result = condition.wait_timeout(lock.lock().unwrap(), Duration::ZERO).unwrap().1;
    assert!(result.timed_out());
}

fn wait_while_asks_before_it_waits<W: World>() {
    let lock = W::place(Lock::<u32, W::Scope>::new(1));
    let condition = W::place(Condition::<W::Scope>::new());
    let guard = condition.wait_while(lock.lock().unwrap(), |n| *n == 0).unwrap();
    let (_, result) = condition.wait_timeout_while(guard, Duration::ZERO, |n| *n == 0).unwrap();
    assert!(!result.timed_out());
}

fn wait_timeout_while_waits_no_longer_all_in_all<W: World>() {
    let lock = W::place(Lock::<u32, W::Scope>::new(0));
    let condition = W::place(Condition::<W::Scope>::new());
    let time = Duration::from_millis(30);
    let done = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            while done.load(Ordering::Relaxed) == 0 {
                condition.notify_all();
                thread::yield_now();
            }
        });
        let start = Instant::now();
        let result = condition.wait_timeout_while(lock.lock().unwrap(), time, |n| *n == 0);
        assert!(result.unwrap().1.timed_out() && start.elapsed() >= time);
        done.store(1, Ordering::Relaxed);
    });
}

fn every_level_of_an_rlock_is_given_up_and_taken_again<W: World>() {
    let lock = W::place(RLock::<AtomicUsize, W::Scope>::new(AtomicUsize::new(0)));
    let condition = W::place(Condition::<W::Scope>::new());
    thread::scope(|scope| {
        let waiter = asleep_in(scope, || {
            let outer = lock.lock().unwrap();
            let inner = condition.wait(lock.lock().unwrap()).unwrap();
            assert_eq!(inner.load(Ordering::Relaxed), 1);
            drop(inner);
            let free = thread::scope(|scope| scope.spawn(|| lock.try_lock().is_ok()).join());
            assert!(!free.unwrap());
            drop(outer);
        });
        lock.lock().unwrap().store(1, Ordering::Relaxed);
        condition.notify_one();
        waiter.join().unwrap();
    });
    assert!(!lock.is_locked());
}

fn no_item_is_lost_between_producers_and_consumers<W: World>() {
    const EACH: usize = 2_000;
    let queue = Lock::<VecDeque<usize>, W::Scope>::new(VecDeque::new());
    let filled = W::place(Condition::<W::Scope>::new());
    let emptied = W::place(Condition::<W::Scope>::new());
    let sum = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for item in 0..EACH {
                    let guard = queue.lock().unwrap();
                    let mut guard = emptied.wait_while(guard, |queue| queue.len() >= 3).unwrap();
                    guard.push_back(item);
                    drop(guard);
                    filled.notify_one();
                }
            });
            scope.spawn(|| {
                for _ in 0..EACH {
                    let guard = queue.lock().unwrap();
                    let mut guard = filled.wait_while(guard, |queue| queue.is_empty()).unwrap();
                    let item = guard.pop_front().unwrap();
                    emptied.notify_one();
                    drop(guard);
                    sum.fetch_add(item, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(sum.into_inner(), EACH * (EACH - 1));
}

fn a_poisoned_lock_is_told_to_the_waiter<W: World>() {
    let lock = W::place(Lock::<Cell<u32>, W::Scope>::new(Cell::new(0)));
    let condition = W::place(Condition::<W::Scope>::new());
    thread::scope(|scope| {
        let waiter = asleep_in(scope, || condition.wait(lock.lock().unwrap()).is_err());
        let notifier = scope.spawn(|| {
            let _guard = lock.lock().unwrap();
            condition.notify_one();
            std::panic::resume_unwind(Box::new("in mid-change"));
        });
        assert!(notifier.join().is_err());
        assert!(waiter.join().unwrap());
    });
}
