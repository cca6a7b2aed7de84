//! What becomes of the primitives that several parties hold or wait at when some of them die.
#![cfg(unix)]

mod support;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use support::arena::Arena;
use support::sys::child::{Child, Ended, child, die};
use support::{guarded, thread_id, until_asleep};
use sync_prims::process::{
    Barrier, BoundedSemaphore, Condition, Event, Lock, RLock, RwLock, Semaphore,
};
use sync_prims::{BrokenBarrier, PoisonCause, TryLockError};

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(20);

fn place<T: Sync>(value: T) -> &'static T {
    Arena::shared().place(value)
}

fn died(child: &Child) -> PoisonCause {
    PoisonCause::OwnerDied { pid: child.pid() }
}

/// A child that takes something, and waits with that in its hands.
fn holder<G>(take: impl FnOnce() -> G) -> Child {
    let taken = place(Event::new());
    let child = child(|| {
        let _held = take();
        taken.set();
        place(Event::new()).wait();
    });
    taken.wait();
    child
}

/// A child that sleeps in `wait`.
fn sleeper(wait: impl FnOnce()) -> Child {
    let sleeper = place(AtomicU64::new(0));
    let child = child(|| {
        sleeper.store(thread_id(), Ordering::Release);
        wait();
    });
    loop {
        match sleeper.load(Ordering::Acquire) {
            0 => thread::yield_now(),
            thread => break until_asleep(thread),
        }
    }
    child
}

#[test]
fn an_rlock_passes_on_at_every_level() {
    guarded(|| {
        let lock = place(RLock::new(0u32));
        let mut gone = holder(|| (lock.lock().unwrap(), lock.lock().unwrap()));
        gone.kill_and_wait();
        let poisoned = lock.lock().unwrap_err();
        assert_eq!(poisoned.cause(), died(&gone));
        let guard = poisoned.recover();
        drop(lock.lock().unwrap());
        drop(guard);
        assert!(!lock.is_locked());
    });
}

#[test]
fn a_dead_reader_does_not_keep_writers_out() {
    guarded(|| {
        let lock = place(RwLock::new(0u32));
        let mut readers: Vec<Child> = (0..3).map(|_| holder(|| lock.read().unwrap())).collect();
        assert!(matches!(lock.try_write(), Err(TryLockError::WouldBlock)));
        let living = readers.pop().unwrap();
        readers.iter_mut().for_each(Child::kill_and_wait);
        // One still lives.
        assert!(matches!(lock.write_timeout(SHORT), Err(TryLockError::WouldBlock)));
        thread::scope(|scope| {
            let writer = support::asleep_in(scope, || *lock.write().unwrap() += 1);
            living.kill();
            writer.join().unwrap();
        });
        assert_eq!(*lock.read().unwrap(), 1);
    });
}

#[test]
fn a_dead_writer_is_reported_to_readers_and_writers() {
    guarded(|| {
        let lock = place(RwLock::new(0u32));
        let mut gone = holder(|| lock.write().unwrap());
        gone.kill_and_wait();
        assert_eq!(lock.read().unwrap_err().cause(), died(&gone));
        assert_eq!(lock.read().unwrap_err().cause(), died(&gone));
        drop(lock.write().unwrap_err().recover());
        assert!(lock.read().is_ok());

        let gone = holder(|| lock.write().unwrap());
        thread::scope(|scope| {
            let reader = support::asleep_in(scope, || lock.read().unwrap_err().cause());
            gone.kill();
            assert_eq!(reader.join().unwrap(), died(&gone));
        });
    });
}

#[test]
fn a_writer_that_dies_while_it_waits_for_readers_has_written_nothing() {
    guarded(|| {
        let lock = place(RwLock::new(0u32));
        let guard = lock.read().unwrap();
        let mut waiter = sleeper(|| drop(lock.write()));
        assert!(lock.try_read().is_err());
        waiter.kill_and_wait();
        assert!(lock.read_timeout(LONG).is_ok());
        drop(guard);
        assert!(lock.write().is_ok() && !lock.is_poisoned());
    });
}

#[test]
fn a_dead_holders_permits_come_back() {
    guarded(|| {
        let semaphore = place(BoundedSemaphore::new(4));
        let mut gone = holder(|| [(); 3].map(|()| semaphore.acquire()));
        let living = holder(|| semaphore.acquire());
        assert!(semaphore.try_acquire().is_none());
        gone.kill_and_wait();
        let permits = [(); 3].map(|()| semaphore.try_acquire().unwrap());
        assert!(semaphore.try_acquire().is_none());
        thread::scope(|scope| {
            let waiter = support::asleep_in(scope, || drop(semaphore.acquire()));
            living.kill();
            waiter.join().unwrap();
        });
        drop(permits);
        assert_eq!(semaphore.available(), 4);
    });
}

#[test]
fn a_forgotten_permit_stays_taken_past_its_holders_death() {
    guarded(|| {
        let semaphore = place(Semaphore::new(2));
        child(|| {
            semaphore.acquire().forget();
            std::mem::forget(semaphore.acquire());
        })
        .finish();
        // `Permit::forget` is for good; a permit that merely leaked comes back.
        assert!(semaphore.try_acquire().is_some_and(|permit| {
            let none = semaphore.try_acquire().is_none();
            drop(permit);
            none
        }));
    });
}

#[test]
fn a_forked_child_does_not_give_back_its_parents_permits() {
    guarded(|| {
        let semaphore = place(Semaphore::new(1));
        let lock = place(RwLock::new(()));
        let mut permit = Some(semaphore.acquire());
        let mut reader = Some(lock.read().unwrap());
        child(|| {
            drop(permit.take());
            drop(reader.take());
        })
        .finish();
        assert_eq!(semaphore.available(), 0);
        assert!(lock.try_write().is_err());
        drop((permit, reader));
        assert_eq!(semaphore.available(), 1);
        assert!(lock.try_write().is_ok());
    });
}

#[test]
fn a_barrier_breaks_for_all_when_a_waiting_party_dies() {
    guarded(|| {
        let barrier = place(Barrier::new(3));
        let mut survivor = sleeper(|| assert_eq!(barrier.wait(), Err(BrokenBarrier)));
        let mut gone = sleeper(|| assert!(barrier.wait().is_err()));
        gone.kill_and_wait();
        assert_eq!(survivor.wait(), Ended::Code(0));
        assert_eq!(barrier.wait(), Err(BrokenBarrier));
        barrier.reset();
        let waiters: Vec<Child> =
            (0..2).map(|_| child(|| assert!(barrier.wait().is_ok()))).collect();
        assert!(barrier.wait().is_ok());
        waiters.into_iter().for_each(Child::finish);
    });
}

#[test]
fn a_notification_that_a_dying_waiter_got_is_passed_on() {
    guarded(|| {
        let condition = place(Condition::new());
        let lock = place(Lock::new(0u32));
        for _ in 0..20 {
            let wait = || {
                let guard = lock.lock().unwrap_or_else(|poisoned| poisoned.recover());
                drop(condition.wait(guard));
            };
            let mut first = sleeper(wait);
            let mut second = sleeper(wait);
            let start = Instant::now();
            // The kernel wakes the one that has slept longest, and it may be dead before it runs.
            condition.notify_one();
            first.kill();
            let past_its_wait = first.wait() == Ended::Code(0);
            if past_its_wait || !ends_within(&mut second, SHORT * 10) {
                // It has left the condition with the notification; nobody can tell from here.
                condition.notify_one();
            }
            assert_eq!(second.wait(), Ended::Code(0));
            assert!(start.elapsed() < LONG);
        }
    });
}

fn ends_within(child: &mut Child, time: Duration) -> bool {
    let start = Instant::now();
    while start.elapsed() < time {
        if child.has_ended() {
            return true;
        }
        thread::yield_now();
    }
    false
}

#[test]
fn dead_waiters_do_not_block_a_notifier() {
    guarded(|| {
        let condition = place(Condition::new());
        let lock = place(Lock::new(()));
        let wait = || drop(condition.wait(lock.lock().unwrap()));
        let mut children: Vec<Child> = (0..4).map(|_| sleeper(wait)).collect();
        children.iter_mut().step_by(2).for_each(Child::kill_and_wait);
        condition.notify_all();
        for mut living in children.into_iter().skip(1).step_by(2) {
            assert_eq!(living.wait(), Ended::Code(0));
        }
    });
}

#[test]
fn the_owners_death_is_told_to_a_waiter_of_the_condition() {
    guarded(|| {
        let condition = place(Condition::new());
        let lock = place(Lock::new(0u32));
        thread::scope(|scope| {
            let (tell, locked) = mpsc::channel();
            let waiter = scope.spawn(move || {
                let guard = lock.lock().unwrap();
                tell.send(()).unwrap();
                condition.wait(guard).unwrap_err().cause()
            });
            // From here on, only the waiter's wait lets anybody else have the lock.
            locked.recv().unwrap();
            let mut notifier = child(|| {
                let _guard = lock.lock().unwrap();
                condition.notify_one();
                die();
            });
            notifier.wait();
            assert_eq!(waiter.join().unwrap(), died(&notifier));
        });
    });
}
