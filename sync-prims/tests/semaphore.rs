//! What the semaphores do, in every world.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use support::asleep_in;
use support::world::World;
use sync_prims::{BoundedSemaphore, Semaphore};

in_every_world!(
    no_more_hold_permits_than_there_are,
    a_permit_comes_back_when_dropped_anywhere,
    release_adds_permits_and_wakes,
    acquire_timeout_returns_when_its_time_is_up,
    a_timed_out_waiter_swallows_no_wake_up,
    a_forgotten_permit_stays_taken,
    a_bounded_semaphore_refuses_too_many,
    the_default_is_one_permit,
);

fn no_more_hold_permits_than_there_are<W: World>() {
    let semaphore = W::place(Semaphore::<W::Scope>::new(3));
    let inside = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..700 {
                    let permit = semaphore.acquire();
                    assert!(inside.fetch_add(1, Ordering::SeqCst) < 3);
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(permit);
                }
            });
        }
    });
    assert_eq!(semaphore.available(), 3);
}

fn a_permit_comes_back_when_dropped_anywhere<W: World>() {
    let semaphore = W::place(Semaphore::<W::Scope>::new(2));
    let permits = [semaphore.acquire(), semaphore.try_acquire().unwrap()];
    assert_eq!(semaphore.available(), 0);
    assert!(semaphore.try_acquire().is_none());
    thread::scope(|scope| {
        let waiter = asleep_in(scope, || semaphore.acquire());
        scope.spawn(move || drop(permits));
        drop(waiter.join().unwrap());
    });
    assert_eq!(semaphore.available(), 2);
}

fn release_adds_permits_and_wakes<W: World>() {
    let semaphore = W::place(Semaphore::<W::Scope>::new(0));
    thread::scope(|scope| {
        let waiters = [(); 3].map(|()| asleep_in(scope, || semaphore.acquire().forget()));
        semaphore.release(0);
        semaphore.release(4);
        waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
    });
    assert_eq!(semaphore.available(), 1);
}

fn acquire_timeout_returns_when_its_time_is_up<W: World>() {
    let semaphore = W::place(Semaphore::<W::Scope>::new(0));
    let time = Duration::from_millis(30);
    let start = Instant::now();
    assert!(semaphore.acquire_timeout(time).is_none());
    assert!(start.elapsed() >= time);
    semaphore.release(1);
    assert!(semaphore.acquire_timeout(Duration::ZERO).is_some());
}

fn a_timed_out_waiter_swallows_no_wake_up<W: World>() {
    let semaphore = W::place(Semaphore::<W::Scope>::new(1));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for i in 0..800 {
                    drop(semaphore.acquire_timeout(Duration::from_micros(i % 60)));
                }
            });
            scope.spawn(|| (0..800).for_each(|_| drop(semaphore.acquire())));
        }
    });
    assert_eq!(semaphore.available(), 1);
}

fn a_forgotten_permit_stays_taken<W: World>() {
    let semaphore = W::place(Semaphore::<W::Scope>::new(1));
    semaphore.acquire().forget();
    assert!(semaphore.try_acquire().is_none());
    semaphore.release(1);
    assert!(semaphore.try_acquire().is_some());
}

fn a_bounded_semaphore_refuses_too_many<W: World>() {
    let semaphore = W::place(BoundedSemaphore::<W::Scope>::new(3));
    assert!(semaphore.release(1).is_err());
    semaphore.acquire().forget();
    semaphore.acquire().forget();
    assert!(semaphore.release(3).is_err());
    assert_eq!(semaphore.available(), 1);
    assert!(semaphore.release(2).is_ok());
    assert_eq!(semaphore.available(), 3);
    // What is held comes back by itself.
    let _permit = semaphore.acquire();
    assert!(semaphore.release(1).is_err());
}

fn the_default_is_one_permit<W: World>() {
    assert_eq!(Semaphore::<W::Scope>::default().available(), 1);
    assert_eq!(BoundedSemaphore::<W::Scope>::default().available(), 1);
}
