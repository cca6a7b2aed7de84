//! What an `RwLock` does, in every world.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use support::asleep_in;
use support::world::World;
use sync_prims::{PoisonCause, RwLock, TryLockError};

in_every_world!(
    many_read_at_a_time,
    a_writer_is_alone,
    readers_see_whole_writes,
    timeouts_return_when_their_time_is_up,
    a_writer_that_gave_up_does_not_keep_readers_out,
    a_waiting_writer_comes_before_later_readers,
    waiters_that_time_out_swallow_no_wake_up,
    a_writers_panic_poisons_and_a_readers_does_not,
    get_mut_and_into_inner_need_no_lock,
    a_slice_is_locked_as_a_whole,
);

const SHORT: Duration = Duration::from_millis(10);

fn many_read_at_a_time<W: World>() {
    let lock = W::place(RwLock::<u32, W::Scope>::new(7));
    let first = lock.read().unwrap();
    thread::scope(|scope| {
        let others: Vec<_> = (0..3).map(|_| scope.spawn(|| *lock.read().unwrap())).collect();
        for other in others {
            assert_eq!(other.join().unwrap(), 7);
        }
    });
    assert!(lock.try_write().is_err());
    assert!(lock.try_read().is_ok());
    drop(first);
    assert!(lock.try_write().is_ok());
}

fn a_writer_is_alone<W: World>() {
    let lock = W::place(RwLock::<u32, W::Scope>::new(0));
    let guard = lock.write().unwrap();
    thread::scope(|scope| {
        let alone = || {
            matches!(lock.try_read(), Err(TryLockError::WouldBlock))
                && matches!(lock.try_write(), Err(TryLockError::WouldBlock))
        };
        assert!(scope.spawn(alone).join().unwrap());
        let reader = asleep_in(scope, || *lock.read().unwrap());
        let writer = asleep_in(scope, || *lock.write().unwrap() += 1);
        drop(guard);
        assert!(reader.join().unwrap() <= 1);
        writer.join().unwrap();
    });
    assert_eq!(*lock.read().unwrap(), 1);
}

fn readers_see_whole_writes<W: World>() {
    let lock = W::place(RwLock::<[usize; 4], W::Scope>::new([0; 4]));
    let writes = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..1_500 {
                    lock.write().unwrap().iter_mut().for_each(|n| *n += 1);
                    writes.fetch_add(1, Ordering::Relaxed);
                }
            });
            scope.spawn(|| {
                for _ in 0..3_000 {
                    let all = lock.read().unwrap();
                    assert!(all.iter().all(|n| *n == all[0]));
                }
            });
        }
    });
    assert_eq!(lock.read().unwrap()[3], writes.into_inner());
}

fn timeouts_return_when_their_time_is_up<W: World>() {
    let lock = W::place(RwLock::<(), W::Scope>::new(()));
    let start = Instant::now();
    let guard = lock.write().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| assert!(lock.read_timeout(SHORT).is_err()));
        scope.spawn(|| assert!(lock.write_timeout(SHORT).is_err()));
    });
    drop(guard);
    let guard = lock.read().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| assert!(lock.write_timeout(SHORT).is_err()));
        scope.spawn(|| drop(lock.read_timeout(Duration::from_secs(30)).unwrap()));
    });
    drop(guard);
    assert!(start.elapsed() >= SHORT * 2);
    assert!(lock.write_timeout(SHORT).is_ok());
}

fn a_writer_that_gave_up_does_not_keep_readers_out<W: World>() {
    let lock = W::place(RwLock::<(), W::Scope>::new(()));
    let _first = lock.read().unwrap();
    thread::scope(|scope| {
        let writer = asleep_in(scope, || lock.write_timeout(Duration::from_millis(50)).is_err());
        let reader = scope.spawn(|| drop(lock.read().unwrap()));
        assert!(writer.join().unwrap());
        reader.join().unwrap();
        assert!(lock.try_read().is_ok());
    });
}

fn a_waiting_writer_comes_before_later_readers<W: World>() {
    let lock = W::place(RwLock::<u32, W::Scope>::new(0));
    let first = lock.read().unwrap();
    thread::scope(|scope| {
        let writer = asleep_in(scope, || *lock.write().unwrap() = 1);
        assert!(matches!(lock.try_read(), Err(TryLockError::WouldBlock)));
        drop(first);
        writer.join().unwrap();
    });
    assert_eq!(*lock.read().unwrap(), 1);
}

fn waiters_that_time_out_swallow_no_wake_up<W: World>() {
    let lock = W::place(RwLock::<u64, W::Scope>::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for i in 0..800 {
                    let timeout = Duration::from_micros(i % 50);
                    if i % 2 == 0 {
                        drop(lock.read_timeout(timeout));
                    } else {
                        drop(lock.write_timeout(timeout));
                    }
                }
            });
            // Without a deadline: hangs if a waiter that gave up had been the one to be woken.
            scope.spawn(|| (0..800).for_each(|_| *lock.write().unwrap() += 1));
            scope.spawn(|| (0..800).for_each(|_| drop(lock.read().unwrap())));
        }
    });
    assert_eq!(*lock.read().unwrap(), 1_600);
}

fn a_writers_panic_poisons_and_a_readers_does_not<W: World>() {
    let lock = W::place(RwLock::<u32, W::Scope>::new(0));
    let reader = thread::spawn(|| {
        let _guard = lock.read().unwrap();
        std::panic::resume_unwind(Box::new("while reading"));
    });
    assert!(reader.join().is_err());
    assert!(!lock.is_poisoned());
    let writer = thread::spawn(|| {
        let _guard = lock.write().unwrap();
        std::panic::resume_unwind(Box::new("in mid-change"));
    });
    assert!(writer.join().is_err());
    assert_eq!(lock.read().unwrap_err().cause(), PoisonCause::Panicked);
    assert!(matches!(lock.try_read(), Err(TryLockError::Poisoned(_))));
    drop(lock.write().unwrap_err().recover());
    assert!(lock.read().is_ok());
}

fn get_mut_and_into_inner_need_no_lock<W: World>() {
    let mut lock = RwLock::<u32, W::Scope>::from(1);
    *lock.get_mut().unwrap() = 2;
    assert_eq!(lock.into_inner().unwrap(), 2);
}

fn a_slice_is_locked_as_a_whole<W: World>() {
    let lock: &RwLock<[u16], W::Scope> = W::place(RwLock::<[u16; 3], W::Scope>::new([1, 2, 3]));
    lock.write().unwrap()[1] = 9;
    assert_eq!(&*lock.read().unwrap(), &[1, 9, 3]);
}
