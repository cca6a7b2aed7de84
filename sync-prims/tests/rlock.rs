//! What an `RLock` does, in every world.

mod support;

use std::cell::Cell;
use std::thread;
use std::time::Duration;

use support::world::World;
use sync_prims::{PoisonCause, RLock, TryLockError};

in_every_world!(
    the_owner_may_lock_again,
    as_many_unlocks_as_locks_are_needed,
    another_thread_has_to_wait,
    one_thread_at_a_time_is_in_the_section,
    a_panic_poisons_until_recovered,
    is_locked_tells,
    get_mut_and_into_inner_need_no_lock,
    a_later_thread_does_not_own_what_an_ended_one_left,
);

fn the_owner_may_lock_again<W: World>() {
    let lock = W::place(RLock::<Cell<u32>, W::Scope>::new(Cell::new(0)));
    let first = lock.lock().unwrap();
    let second = lock.try_lock().unwrap();
    let third = lock.lock_timeout(Duration::ZERO).unwrap();
    third.set(3);
    assert_eq!((first.get(), second.get()), (3, 3));
}

fn as_many_unlocks_as_locks_are_needed<W: World>() {
    let lock = W::place(RLock::<(), W::Scope>::new(()));
    let free_for_others = || thread::spawn(|| lock.try_lock().is_ok()).join().unwrap();
    let mut guards: Vec<_> = (0..5).map(|_| lock.lock().unwrap()).collect();
    while guards.pop().is_some() {
        assert_eq!(free_for_others(), guards.is_empty());
    }
}

fn another_thread_has_to_wait<W: World>() {
    let lock = W::place(RLock::<(), W::Scope>::new(()));
    let guard = lock.lock().unwrap();
    thread::scope(|scope| {
        let timeout = Duration::from_millis(5);
        let waits = move || lock.lock_timeout(timeout).is_err() && lock.try_lock().is_err();
        assert!(scope.spawn(waits).join().unwrap());
        let waiter = support::asleep_in(scope, || lock.lock().is_ok());
        drop(guard);
        assert!(waiter.join().unwrap());
    });
}

fn one_thread_at_a_time_is_in_the_section<W: World>() {
    let lock = W::place(RLock::<Cell<usize>, W::Scope>::new(Cell::new(0)));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..2_000 {
                    let outer = lock.lock().unwrap();
                    let seen = outer.get();
                    let inner = lock.lock().unwrap();
                    inner.set(seen + 1);
                }
            });
        }
    });
    assert_eq!(lock.lock().unwrap().get(), 8_000);
}

fn a_panic_poisons_until_recovered<W: World>() {
    let lock = W::place(RLock::<Cell<u32>, W::Scope>::new(Cell::new(0)));
    let result = thread::spawn(|| {
        let _outer = lock.lock().unwrap();
        let _inner = lock.lock().unwrap();
        std::panic::resume_unwind(Box::new("in mid-change"));
    })
    .join();
    assert!(result.is_err());
    assert!(!lock.is_locked());
    let guard = lock.lock().unwrap_err();
    assert_eq!(guard.cause(), PoisonCause::Panicked);
    let guard = guard.into_inner();
    // Whoever locks again is told again.
    assert!(lock.lock().is_err());
    drop(guard);
    drop(lock.lock().unwrap_err().recover());
    assert!(lock.lock().is_ok() && !lock.is_poisoned());
}

fn is_locked_tells<W: World>() {
    let lock = W::place(RLock::<(), W::Scope>::new(()));
    assert!(!lock.is_locked());
    let guard = lock.lock().unwrap();
    assert!(lock.is_locked());
    drop(guard);
    assert!(!lock.is_locked());
}

fn get_mut_and_into_inner_need_no_lock<W: World>() {
    let mut lock = RLock::<u32, W::Scope>::from(1);
    *lock.get_mut().unwrap() = 2;
    assert_eq!(lock.into_inner().unwrap(), 2);
}

fn a_later_thread_does_not_own_what_an_ended_one_left<W: World>() {
    let lock = W::place(RLock::<(), W::Scope>::new(()));
    thread::spawn(|| std::mem::forget(lock.lock())).join().unwrap();
    for _ in 0..10 {
        let found = thread::spawn(|| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)));
        assert!(found.join().unwrap());
    }
}
