//! The thread scope in every order of its steps that two or three threads can take, as far as a
//! bound on the number of preemptions allows: `cargo xtask loom`.
//!
//! What the locks guard is loom's cell, which tells of any access that no lock orders. A thread that
//! nobody wakes ends the model as a deadlock.
#![cfg(loom)]
#![expect(unsafe_code, reason = "loom checks every access to its cells")]

#[path = "support/orders.rs"]
mod orders;

use std::fmt::Debug;

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use loom::thread::{self, JoinHandle};
use orders::{check_less, made};
use sync_prims::Deadline;
use sync_prims::raw::EventCount;
use sync_prims::thread::{Barrier, Condition, Event, Lock, RwLock, Semaphore};

fn check(model: impl Fn() + Sync + Send + 'static) {
    check_less(0, model);
}

/// A value that the threads of a model share.
fn shared<T: Debug>(value: T) -> Arc<T> {
    made(&value);
    Arc::new(value)
}

fn spawn<T: 'static, R: 'static>(
    value: &Arc<T>,
    body: impl FnOnce(&T) -> R + 'static,
) -> JoinHandle<R> {
    let value = Arc::clone(value);
    thread::spawn(move || body(&value))
}

fn join<const N: usize>(threads: [JoinHandle<impl Sized>; N]) {
    for thread in threads {
        thread.join().unwrap();
    }
}

fn add_one(cell: &UnsafeCell<u32>) {
    // SAFETY: loom checks it.
    cell.with_mut(|value| unsafe { *value += 1 });
}

fn read(cell: &UnsafeCell<u32>) -> u32 {
    // SAFETY: loom checks it.
    cell.with(|value| unsafe { *value })
}

#[test]
fn a_lock_lets_one_at_a_time_in_and_wakes_all_who_wait() {
    check(|| {
        let lock = shared(Lock::new(UnsafeCell::new(0)));
        let others = [(); 2].map(|()| spawn(&lock, |lock| add_one(&lock.lock().unwrap())));
        add_one(&lock.lock().unwrap());
        join(others);
        assert_eq!(read(&lock.lock().unwrap()), 3);
    });
}

#[test]
fn a_try_lock_beside_lockers_sees_a_whole_value() {
    check(|| {
        let lock = shared(Lock::new(UnsafeCell::new(0)));
        let other = spawn(&lock, |lock| add_one(&lock.lock().unwrap()));
        let tried = lock.try_lock().is_ok_and(|guard| {
            add_one(&guard);
            true
        });
        other.join().unwrap();
        assert_eq!(read(&lock.lock().unwrap()), 1 + u32::from(tried));
    });
}

#[test]
fn writers_are_alone_and_readers_see_what_they_wrote() {
    check(|| {
        let lock = Arc::new(RwLock::new(UnsafeCell::new(0)));
        made(lock.words());
        let writer = spawn(&lock, |lock| add_one(&lock.write().unwrap()));
        let reader = spawn(&lock, |lock| read(&lock.read().unwrap()));
        add_one(&lock.write().unwrap());
        assert!(reader.join().unwrap() <= 2);
        writer.join().unwrap();
        assert_eq!(read(&lock.read().unwrap()), 2);
    });
}

#[test]
fn readers_that_leave_let_a_waiting_writer_in() {
    check(|| {
        let lock = Arc::new(RwLock::new(UnsafeCell::new(0)));
        made(lock.words());
        let readers = [(); 2].map(|()| spawn(&lock, |lock| read(&lock.read().unwrap())));
        add_one(&lock.write().unwrap());
        join(readers);
        assert_eq!(read(&lock.read().unwrap()), 1);
    });
}

#[test]
fn a_permit_that_comes_back_lets_the_next_one_in() {
    check(|| {
        let both = shared((Semaphore::new(1), Lock::new(())));
        let cell = Arc::new(UnsafeCell::new(0));
        let others = [(); 2].map(|()| {
            let cell = Arc::clone(&cell);
            spawn(&both, move |both| {
                let _permit = both.0.acquire();
                add_one(&cell);
            })
        });
        {
            let _permit = both.0.acquire();
            add_one(&cell);
        }
        join(others);
        assert_eq!(both.0.available(), 1);
        assert_eq!(read(&cell), 3);
    });
}

#[test]
fn releasing_two_permits_wakes_two() {
    check(|| {
        let semaphore = shared(Semaphore::new(0));
        let waiters = [(); 2].map(|()| spawn(&semaphore, |semaphore| semaphore.acquire().forget()));
        semaphore.release(2);
        join(waiters);
        assert_eq!(semaphore.available(), 0);
    });
}

#[test]
fn an_event_wakes_everybody_with_what_came_before_it() {
    check(|| {
        let event = shared(Event::new());
        let cell = Arc::new(UnsafeCell::new(0));
        let waiters = [(); 2].map(|()| {
            let cell = Arc::clone(&cell);
            spawn(&event, move |event| {
                event.wait();
                read(&cell)
            })
        });
        add_one(&cell);
        event.set();
        assert_eq!(waiters.map(|waiter| waiter.join().unwrap()), [1, 1]);
    });
}

#[test]
fn a_waiter_returns_although_clear_follows_set() {
    check(|| {
        let event = shared(Event::new());
        let left = Arc::new(AtomicBool::new(false));
        let waiter = {
            let left = Arc::clone(&left);
            spawn(&event, move |event| {
                event.wait();
                left.store(true, Ordering::Release);
            })
        };
        event.set();
        event.clear();
        // If it came too late for that, it waits for this one.
        event.set();
        waiter.join().unwrap();
        assert!(left.load(Ordering::Acquire));
    });
}

#[test]
fn a_notified_waiter_finds_what_it_waited_for() {
    check(|| {
        let both = shared((Lock::new(UnsafeCell::new(0)), Condition::new()));
        let waiters = [(); 2].map(|()| {
            spawn(&both, |both| {
                let mut guard = both.0.lock().unwrap();
                while read(&guard) == 0 {
                    guard = both.1.wait(guard).unwrap();
                }
            })
        });
        add_one(&both.0.lock().unwrap());
        both.1.notify_all();
        join(waiters);
    });
}

#[test]
fn two_notifications_of_one_reach_two_waiters() {
    check(|| {
        let both = shared((Lock::new(UnsafeCell::new(0)), Condition::new()));
        let waiters = [(); 2].map(|()| {
            spawn(&both, |both| {
                let mut guard = both.0.lock().unwrap();
                while read(&guard) == 0 {
                    guard = both.1.wait(guard).unwrap();
                }
                // SAFETY: loom checks it.
                guard.with_mut(|value| unsafe { *value -= 1 });
            })
        });
        for _ in 0..2 {
            add_one(&both.0.lock().unwrap());
            both.1.notify_one();
        }
        join(waiters);
        assert_eq!(read(&both.0.lock().unwrap()), 0);
    });
}

#[test]
fn a_barrier_opens_for_all_twice() {
    check(|| {
        let barrier = Arc::new(Barrier::new(2));
        made(barrier.words());
        let arrived = Arc::new(AtomicU32::new(0));
        let other = {
            let arrived = Arc::clone(&arrived);
            spawn(&barrier, move |barrier| {
                for cycle in 1..=2 {
                    arrived.fetch_add(1, Ordering::Relaxed);
                    barrier.wait().unwrap();
                    assert!(arrived.load(Ordering::Relaxed) >= 2 * cycle);
                }
            })
        };
        for cycle in 1..=2 {
            arrived.fetch_add(1, Ordering::Relaxed);
            barrier.wait().unwrap();
            assert!(arrived.load(Ordering::Relaxed) >= 2 * cycle);
        }
        other.join().unwrap();
    });
}

#[test]
fn aborting_a_barrier_lets_those_go_who_wait() {
    check(|| {
        let barrier = Arc::new(Barrier::new(3));
        made(barrier.words());
        let waiters = [(); 2].map(|()| spawn(&barrier, |barrier| barrier.wait().is_err()));
        barrier.abort();
        assert_eq!(waiters.map(|waiter| waiter.join().unwrap()), [true, true]);
    });
}

#[test]
fn an_event_count_loses_no_notice() {
    check(|| {
        let count = shared(EventCount::new());
        let ready = Arc::new(AtomicU32::new(0));
        let listeners = [(); 2].map(|()| {
            let ready = Arc::clone(&ready);
            spawn(&count, move |count| {
                while ready.load(Ordering::Acquire) == 0 {
                    let key = count.listen();
                    if ready.load(Ordering::Acquire) != 0 {
                        break;
                    }
                    count.wait(key, Deadline::never());
                }
            })
        });
        ready.store(1, Ordering::Release);
        count.notify_all();
        join(listeners);
    });
}
