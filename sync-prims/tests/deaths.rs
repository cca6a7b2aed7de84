//! What becomes of a lock or an event when processes die.
#![cfg(unix)]
#![expect(unsafe_code, reason = "makes processes")]

mod support;

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use support::arena::Arena;
use support::guarded;
use support::sys::child::{Child, Ended, child, die};
use sync_prims::process::{Event, Lock, LockGuard};
use sync_prims::raw::RobustMutex;
use sync_prims::{LockResult, PoisonCause, TryLockError};

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(20);

fn place<T: Sync>(value: T) -> &'static T {
    Arena::shared().place(value)
}

fn died(child: &Child) -> PoisonCause {
    PoisonCause::OwnerDied { pid: child.pid() }
}

fn cause<T>(result: &LockResult<T>) -> Option<PoisonCause> {
    result.as_ref().err().map(|poisoned| poisoned.cause())
}

/// A child that locks, says so, and waits with the guard in its hands.
fn holder(lock: &'static Lock<u32>) -> Child {
    let locked = place(Event::new());
    let child = child(|| {
        let mut guard = lock.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *guard += 1;
        locked.set();
        place(Event::new()).wait();
    });
    locked.wait();
    child
}

/// A child of which a thread has ended with the lock, while the process lives on.
fn leaver(lock: &'static Lock<u32>) -> Child {
    let left = place(Event::new());
    let child = child(|| {
        thread::spawn(|| std::mem::forget(lock.lock())).join().unwrap();
        left.set();
        place(Event::new()).wait();
    });
    left.wait();
    child
}

#[test]
fn who_only_tries_gets_the_lock_of_a_killed_holder() {
    guarded(|| {
        let lock = place(Lock::new(0u32));
        let mut holder = holder(lock);
        holder.kill_and_wait();
        let Err(TryLockError::Poisoned(poisoned)) = lock.try_lock() else {
            panic!("the lock is kept")
        };
        assert_eq!(poisoned.cause(), died(&holder));
    });
}

#[test]
fn a_killed_holder_is_reported_to_the_next_locker() {
    guarded(|| {
        let lock = place(Lock::new(0u32));
        let mut holder = holder(lock);
        assert!(matches!(lock.try_lock(), Err(TryLockError::WouldBlock)));
        holder.kill_and_wait();
        assert!(lock.is_locked());
        let next = lock.lock();
        assert_eq!(cause(&next), Some(died(&holder)));
        assert!(lock.is_poisoned());
        let guard = next.unwrap_err().recover();
        assert_eq!(*guard, 1);
        drop(guard);
        assert!(!lock.is_locked() && !lock.is_poisoned());
        assert_eq!(*lock.lock().unwrap(), 1);
    });
}

#[test]
fn a_waiter_gets_the_lock_of_a_killed_holder() {
    guarded(|| {
        for _ in 0..20 {
            let lock = place(Lock::new(0u32));
            let holder = holder(lock);
            thread::scope(|scope| {
                let waiters = [(); 2].map(|()| scope.spawn(|| cause(&lock.lock())));
                holder.kill();
                for waiter in waiters {
                    assert_eq!(waiter.join().unwrap(), Some(died(&holder)));
                }
            });
        }
    });
}

#[test]
fn the_poison_of_a_death_stays_until_recovered() {
    guarded(|| {
        let lock = place(Lock::new(0u32));
        let mut holder = holder(lock);
        holder.kill_and_wait();
        for _ in 0..3 {
            assert_eq!(cause(&lock.lock()), Some(died(&holder)));
        }
        *lock.lock().unwrap_err().into_inner() = 4;
        assert!(lock.lock_timeout(SHORT).is_err());
        assert_eq!(*lock.lock().unwrap_err().recover(), 4);
        assert!(lock.lock().is_ok());
    });
}

#[test]
fn a_holder_that_exits_in_good_order_has_died() {
    guarded(|| {
        let lock = place(Lock::new(0u32));
        let mut gone = child(|| std::mem::forget(lock.lock().unwrap()));
        assert_eq!(gone.wait(), Ended::Code(0));
        assert_eq!(cause(&lock.lock()), Some(died(&gone)));
    });
}

#[test]
#[cfg_attr(unmarked, ignore = "here exec is no news to whoever sleeps on a word")]
fn exec_while_holding_is_a_death() {
    guarded(|| {
        let lock = place(Lock::new(0u32));
        let locked = place(Event::new());
        let mut gone = child(|| {
            let _guard = lock.lock().unwrap();
            locked.set();
            let sleep = [c"sleep".as_ptr(), c"30".as_ptr(), std::ptr::null()];
            // SAFETY: a null-terminated argument list.
            unsafe { libc::execvp(sleep[0], sleep.as_ptr()) };
        });
        locked.wait();
        // The process lives on under its number, but what it was is gone.
        assert_eq!(cause(&lock.lock()), Some(died(&gone)));
        gone.kill_and_wait();
    });
}

#[test]
fn a_dead_threads_lock_is_kept_until_its_process_is_gone() {
    guarded(|| {
        let lock = place(Lock::new(0u32));
        let mut leaver = leaver(lock);
        assert!(lock.is_locked() && !lock.is_poisoned());
        assert!(matches!(lock.try_lock(), Err(TryLockError::WouldBlock)));
        let start = Instant::now();
        assert!(matches!(lock.lock_timeout(SHORT), Err(TryLockError::WouldBlock)));
        assert!(start.elapsed() >= SHORT && start.elapsed() < SHORT + Duration::from_secs(5));
        assert!(lock.is_locked() && !lock.is_poisoned());
        thread::scope(|scope| {
            let waiters = [(); 3].map(|()| scope.spawn(|| cause(&lock.lock())));
            leaver.kill_and_wait();
            for waiter in waiters {
                assert_eq!(waiter.join().unwrap(), Some(died(&leaver)));
            }
        });
    });
}

#[test]
fn a_waiter_that_dies_while_it_waits_for_a_dead_owners_process_is_no_owner() {
    guarded(|| {
        let lock = place(Lock::new(0u32));
        let mut leaver = leaver(lock);
        let mut waiter = child(|| drop(lock.lock()));
        // The waiter takes the word and waits for the process that the last owner belongs to.
        assert!(matches!(lock.lock_timeout(SHORT), Err(TryLockError::WouldBlock)));
        waiter.kill_and_wait();
        assert!(matches!(lock.lock_timeout(SHORT), Err(TryLockError::WouldBlock)));
        leaver.kill_and_wait();
        assert_eq!(cause(&lock.lock()), Some(died(&leaver)));
    });
}

#[test]
fn a_second_death_is_reported_again() {
    guarded(|| {
        let lock = place(Lock::new(0u32));
        let mut first = holder(lock);
        first.kill_and_wait();
        let mut second = holder(lock);
        second.kill_and_wait();
        let third = lock.lock();
        assert_eq!(cause(&third), Some(died(&second)));
        assert_eq!(*third.unwrap_err().recover(), 2);
        let mut fourth = holder(lock);
        fourth.kill_and_wait();
        assert_eq!(cause(&lock.lock()), Some(died(&fourth)));
    });
}

#[test]
fn a_panic_in_another_process_poisons() {
    guarded(|| {
        let lock = place(Lock::new(0u32));
        let mut panics = child(|| {
            let _guard = lock.lock().unwrap();
            std::panic::resume_unwind(Box::new("in mid-change"));
        });
        assert_eq!(panics.wait(), Ended::Code(101));
        assert_eq!(cause(&lock.lock()), Some(PoisonCause::Panicked));
    });
}

#[test]
fn everything_that_a_dead_thread_held_is_passed_on() {
    guarded(|| {
        let locks: Vec<&'static Lock<u32>> = (0..100).map(|i| place(Lock::new(i))).collect();
        let mut holder = child(|| {
            let mut guards: Vec<LockGuard<'_, u32>> =
                locks.iter().map(|lock| lock.lock().unwrap()).collect();
            // Out of turn.
            drop(guards.remove(50));
            drop(guards.remove(0));
            drop(guards.pop());
            die();
        });
        assert_eq!(holder.wait(), Ended::Signal(libc::SIGKILL));
        for (i, lock) in locks.iter().enumerate() {
            let expected = (![0, 50, 99].contains(&i)).then_some(died(&holder));
            assert_eq!(cause(&lock.lock()), expected, "lock {i}");
        }
    });
}

#[test]
fn no_thread_can_hold_more_than_the_system_can_recover() {
    guarded(|| {
        let locks: Vec<&'static Lock<u32>> = (0..1025).map(|_| place(Lock::new(0))).collect();
        let mut holder = child(|| {
            let _guards: Vec<_> = locks[..1024].iter().map(|lock| lock.lock().unwrap()).collect();
            let last = locks[1024];
            let one_more = std::panic::catch_unwind(|| drop(last.lock()));
            assert!(one_more.is_err() && !last.is_locked());
            die();
        });
        assert_eq!(holder.wait(), Ended::Signal(libc::SIGKILL));
        for lock in &locks[..1024] {
            assert_eq!(cause(&lock.lock()), Some(died(&holder)));
        }
        assert!(locks[1024].lock().is_ok());
    });
}

#[test]
fn a_forked_child_does_not_own_its_parents_locks() {
    guarded(|| {
        let lock = place(Lock::new(0u32));
        let mut guard = Some(lock.lock().unwrap());
        child(|| {
            assert!(lock.try_lock().is_err());
            drop(guard.take());
            assert!(lock.is_locked());
            // It can hold locks of its own.
            drop(place(Lock::new(0)).lock().unwrap());
        })
        .finish();
        assert!(lock.is_locked());
        drop(guard);
        assert!(lock.lock().is_ok());
    });
}

#[test]
fn a_robust_mutex_tells_that_its_owner_died() {
    guarded(|| {
        let mutex = place(RobustMutex::new());
        let locked = place(Event::new());
        let holder = child(|| {
            // SAFETY: the memory stays.
            let _guard = unsafe { mutex.lock() };
            locked.set();
            place(Event::new()).wait();
        });
        locked.wait();
        thread::scope(|scope| {
            // SAFETY: the memory stays.
            let waiter = scope.spawn(|| unsafe { mutex.lock() }.owner_died());
            holder.kill();
            assert!(waiter.join().unwrap());
        });
        let mut holder = child(|| {
            // SAFETY: the memory stays.
            std::mem::forget(unsafe { mutex.lock() });
        });
        holder.wait();
        // SAFETY: the memory stays.
        assert!(unsafe { mutex.lock() }.owner_died());
        // SAFETY: the memory stays.
        assert!(!unsafe { mutex.lock() }.owner_died());
    });
}

#[test]
fn waiters_that_die_swallow_no_wake_up() {
    guarded(|| {
        let lock = place(Lock::new(0u32));
        let turns = place(AtomicU32::new(0));
        let work = || {
            loop {
                let mut guard = lock.lock().unwrap_or_else(|poisoned| poisoned.recover());
                *guard += 1;
                turns.fetch_add(1, Ordering::Relaxed);
            }
        };
        let mut workers: Vec<Child> = (0..3).map(|_| child(work)).collect();
        for round in 0..150 {
            let before = turns.load(Ordering::Relaxed);
            let index = round % workers.len();
            workers[index].kill_and_wait();
            workers[index] = child(work);
            let start = Instant::now();
            while turns.load(Ordering::Relaxed) == before {
                assert!(start.elapsed() < LONG, "no progress after a death");
                thread::yield_now();
            }
        }
    });
}

#[test]
fn set_wakes_the_living_among_dead_waiters() {
    guarded(|| {
        let event = place(Event::new());
        let mut children: Vec<Child> = (0..6).map(|_| child(|| event.wait())).collect();
        // sleep: the more of them sleep by now the better, but any number is right.
        thread::sleep(Duration::from_millis(5));
        children.iter_mut().step_by(2).for_each(Child::kill_and_wait);
        event.set();
        for mut child in children.into_iter().skip(1).step_by(2) {
            assert_eq!(child.wait(), Ended::Code(0));
        }
    });
}
