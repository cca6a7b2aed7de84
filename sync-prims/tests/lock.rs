//! What a `Lock` does, in every world.

mod support;

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use support::world::World;
use sync_prims::{Lock, PoisonCause, TryLockError};

in_every_world!(
    one_thread_at_a_time_is_in_the_section,
    try_lock_does_not_wait,
    lock_timeout_returns_when_its_time_is_up,
    lock_timeout_gets_a_lock_that_becomes_free,
    a_duration_past_the_clock_waits_for_ever,
    a_timed_out_waiter_swallows_no_wake_up,
    a_panic_poisons_until_recovered,
    into_inner_of_the_error_leaves_the_poison,
    dropping_the_error_unlocks_and_leaves_the_poison,
    a_guard_dropped_while_already_panicking_does_not_poison,
    is_locked_tells,
    get_mut_and_into_inner_need_no_lock,
    a_forgotten_guard_keeps_the_lock,
    debug_does_not_block,
    a_slice_is_locked_as_a_whole,
);

fn one_thread_at_a_time_is_in_the_section<W: World>() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 5_000;
    let lock = W::place(Lock::<[usize; 2], W::Scope>::new([0, 0]));
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                for _ in 0..ROUNDS {
                    let mut both = lock.lock().unwrap();
                    assert_eq!(both[0], both[1]);
                    both[0] += 1;
                    both[1] += 1;
                }
            });
        }
    });
    assert_eq!(*lock.lock().unwrap(), [THREADS * ROUNDS; 2]);
}

fn try_lock_does_not_wait<W: World>() {
    let lock = W::place(Lock::<(), W::Scope>::new(()));
    let guard = lock.try_lock().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| assert!(matches!(lock.try_lock(), Err(TryLockError::WouldBlock))));
    });
    drop(guard);
    assert!(lock.try_lock().is_ok());
}

fn lock_timeout_returns_when_its_time_is_up<W: World>() {
    let lock = W::place(Lock::<(), W::Scope>::new(()));
    let _guard = lock.lock().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let time = Duration::from_millis(30);
            let start = Instant::now();
            assert!(matches!(lock.lock_timeout(time), Err(TryLockError::WouldBlock)));
            assert!(start.elapsed() >= time);
            let start = Instant::now();
            assert!(lock.lock_timeout(Duration::ZERO).is_err());
            assert!(start.elapsed() < Duration::from_secs(5));
        });
    });
}

fn lock_timeout_gets_a_lock_that_becomes_free<W: World>() {
    let lock = W::place(Lock::<u32, W::Scope>::new(0));
    let mut guard = lock.lock().unwrap();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| *lock.lock_timeout(Duration::from_secs(30)).unwrap());
        *guard = 7;
        drop(guard);
        assert_eq!(waiter.join().unwrap(), 7);
    });
}

fn a_duration_past_the_clock_waits_for_ever<W: World>() {
    let lock = W::place(Lock::<(), W::Scope>::new(()));
    let guard = lock.lock().unwrap();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| drop(lock.lock_timeout(Duration::MAX).unwrap()));
        drop(guard);
        waiter.join().unwrap();
    });
}

fn a_timed_out_waiter_swallows_no_wake_up<W: World>() {
    let lock = W::place(Lock::<u64, W::Scope>::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for i in 0..2_000 {
                    if let Ok(mut guard) = lock.lock_timeout(Duration::from_micros(i % 60)) {
                        *guard += 1;
                    }
                }
            });
            // Without a deadline: hangs if a waiter that gave up had been the one to be woken.
            scope.spawn(|| (0..2_000).for_each(|_| *lock.lock().unwrap() += 1));
        }
    });
    assert!(*lock.lock().unwrap() >= 4_000);
}

fn poisoned<W: World>(value: u32) -> &'static Lock<u32, W::Scope> {
    let lock = W::place(Lock::<u32, W::Scope>::new(value));
    let result = thread::spawn(move || {
        let mut guard = lock.lock().unwrap();
        *guard += 1;
        std::panic::resume_unwind(Box::new("in mid-change"));
    })
    .join();
    assert!(result.is_err());
    lock
}

fn a_panic_poisons_until_recovered<W: World>() {
    let lock = poisoned::<W>(1);
    assert!(lock.is_poisoned());
    match lock.try_lock() {
        Err(TryLockError::Poisoned(poisoned)) => {
            assert_eq!(poisoned.cause(), PoisonCause::Panicked);
        }
        _ => panic!("not poisoned"),
    }
    let guard = lock.lock().unwrap_err().recover();
    assert_eq!(*guard, 2);
    drop(guard);
    assert!(!lock.is_poisoned());
    drop(lock.lock().unwrap());
}

fn into_inner_of_the_error_leaves_the_poison<W: World>() {
    let lock = poisoned::<W>(1);
    *lock.lock().unwrap_err().into_inner() = 5;
    assert_eq!(*lock.lock().unwrap_err().into_inner(), 5);
    lock.clear_poison();
    assert_eq!(*lock.lock().unwrap(), 5);
}

fn dropping_the_error_unlocks_and_leaves_the_poison<W: World>() {
    let lock = poisoned::<W>(1);
    drop(lock.lock());
    assert!(!lock.is_locked());
    assert!(lock.lock().is_err());
}

fn a_guard_dropped_while_already_panicking_does_not_poison<W: World>() {
    struct LocksOnDrop<S: sync_prims::Scope>(&'static Lock<u32, S>);
    impl<S: sync_prims::Scope> Drop for LocksOnDrop<S> {
        fn drop(&mut self) {
            *self.0.lock().unwrap() += 1;
        }
    }
    let lock = W::place(Lock::<u32, W::Scope>::new(0));
    let result = thread::spawn(move || {
        let _on_drop = LocksOnDrop(lock);
        std::panic::resume_unwind(Box::new("unrelated"));
    })
    .join();
    assert!(result.is_err());
    assert_eq!(*lock.lock().unwrap(), 1);
}

fn is_locked_tells<W: World>() {
    let lock = W::place(Lock::<(), W::Scope>::new(()));
    assert!(!lock.is_locked());
    let guard = lock.lock().unwrap();
    assert!(lock.is_locked());
    drop(guard);
    assert!(!lock.is_locked());
}

fn get_mut_and_into_inner_need_no_lock<W: World>() {
    let mut lock = Lock::<u32, W::Scope>::from(1);
    *lock.get_mut().unwrap() = 2;
    assert_eq!(lock.into_inner().unwrap(), 2);
    assert_eq!(Lock::<u32, W::Scope>::default().into_inner().unwrap(), 0);
}

fn a_forgotten_guard_keeps_the_lock<W: World>() {
    let lock = W::place(Lock::<u32, W::Scope>::new(3));
    // The thread ends, its process lives: nobody may get at what it may have lent out.
    thread::spawn(move || std::mem::forget(lock.lock().unwrap())).join().unwrap();
    assert!(lock.is_locked());
    assert!(matches!(lock.try_lock(), Err(TryLockError::WouldBlock)));
    let timeout = lock.lock_timeout(Duration::from_millis(5));
    assert!(matches!(timeout, Err(TryLockError::WouldBlock)));
    assert!(lock.is_locked());
    assert!(!lock.is_poisoned());
}

fn debug_does_not_block<W: World>() {
    let lock = W::place(Lock::<u32, W::Scope>::new(3));
    assert!(format!("{lock:?}").contains("value: 3"));
    let _guard = lock.lock().unwrap();
    assert!(format!("{lock:?}").contains("<locked>"));
}

fn a_slice_is_locked_as_a_whole<W: World>() {
    let lock: &Lock<[u16], W::Scope> = W::place(Lock::<[u16; 3], W::Scope>::new([1, 2, 3]));
    lock.lock().unwrap()[1] = 9;
    assert_eq!(&*lock.lock().unwrap(), &[1, 9, 3]);
}
