//! What becomes of primitives when processes die, where a child is this binary started anew.
#![cfg(windows)]
#![expect(unsafe_code, reason = "shares memory with children")]

mod support;

use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use support::arena::{Arena, tell_of_a_death};
use support::{asleep_in, guarded, sys};
use sync_prims::process::{Barrier, Condition, Event, Lock, RwLock, Semaphore};
use sync_prims::raw::RobustMutex;
use sync_prims::{PoisonCause, TryLockError};

/// Everything that a test and its child may share.
struct Stage {
    lock: Lock<u32>,
    shared: RwLock<u32>,
    semaphore: Semaphore,
    condition: Condition,
    barrier: Barrier,
    mutex: RobustMutex,
    ready: Event,
    go: Event,
}

fn stage() -> &'static Stage {
    stage_for(2)
}

fn stage_for(parties: usize) -> &'static Stage {
    Arena::shared().place(Stage {
        lock: Lock::new(0),
        shared: RwLock::new(0),
        semaphore: Semaphore::new(2),
        condition: Condition::new(),
        barrier: Barrier::new(parties),
        mutex: RobustMutex::new(),
        ready: Event::new(),
        go: Event::new(),
    })
}

/// The stage of the parent, in a child.
fn inherited() -> &'static Stage {
    let offset = std::env::var("SYNC_PRIMS_TEST_OFFSETS").expect("started by a test");
    // SAFETY: every test here gives its child a stage.
    unsafe { Arena::shared().at(offset.parse().expect("one offset")) }
}

/// A child that is killed when it is dropped.
struct Role(Child);

impl Role {
    /// Starts a child in one of the roles below, and returns when it says that it is ready.
    fn ready(role: &str, stage: &'static Stage) -> Self {
        let child = Self(sys::start(role, &[Arena::shared().offset_of(stage)]));
        assert!(stage.ready.wait_timeout(Duration::from_secs(30)), "the child does not get ready");
        stage.ready.clear();
        child
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Ends the process at once, and tells of it as ipc's keeper does.
    fn kill(&mut self) {
        self.0.kill().expect("a living child");
        self.0.wait().expect("a child");
        tell_of_a_death();
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Says that it is ready, and waits for its end.
fn stay(stage: &Stage) {
    stage.ready.set();
    let _ = Event::new().wait_timeout(Duration::from_secs(60));
}

#[test]
#[ignore = "the role of a child: the tests start it by name"]
fn holder() {
    let stage = inherited();
    let mut guard = stage.lock.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    *guard += 1;
    stay(stage);
}

#[test]
#[ignore = "the role of a child: the tests start it by name"]
fn reader() {
    let stage = inherited();
    let _guard = stage.shared.read().unwrap();
    stay(stage);
}

#[test]
#[ignore = "the role of a child: the tests start it by name"]
fn writer() {
    let stage = inherited();
    let _guard = stage.shared.write().unwrap();
    stay(stage);
}

#[test]
#[ignore = "the role of a child: the tests start it by name"]
fn taker() {
    let stage = inherited();
    let _permits = [stage.semaphore.acquire(), stage.semaphore.acquire()];
    stay(stage);
}

#[test]
#[ignore = "the role of a child: the tests start it by name"]
fn owner_of_a_mutex() {
    let stage = inherited();
    // SAFETY: the memory stays.
    let _guard = unsafe { stage.mutex.lock() };
    stay(stage);
}

#[test]
#[ignore = "the role of a child: the tests start it by name"]
fn party() {
    let stage = inherited();
    stage.ready.set();
    let _ = stage.barrier.wait();
}

#[test]
#[ignore = "the role of a child: the tests start it by name"]
fn partner() {
    let stage = inherited();
    stage.ready.set();
    for _ in 0..100 {
        stage.go.wait();
        stage.go.clear();
        let mut turn = stage.lock.lock().unwrap();
        *turn += 1;
        stage.condition.notify_all();
        while *turn % 2 == 1 {
            turn = stage.condition.wait(turn).unwrap();
        }
        stage.ready.set();
    }
}

#[test]
fn processes_wake_each_other() {
    guarded(|| {
        let stage = stage();
        let mut partner = Role::ready("partner", stage);
        for round in 0..100 {
            stage.go.set();
            let mut turn = stage.lock.lock().unwrap();
            while *turn != 2 * round + 1 {
                turn = stage.condition.wait(turn).unwrap();
            }
            *turn += 1;
            stage.condition.notify_all();
            drop(turn);
            assert!(stage.ready.wait_timeout(Duration::from_secs(30)));
            stage.ready.clear();
        }
        assert!(partner.0.wait().unwrap().success());
    });
}

#[test]
fn a_killed_holder_is_reported_to_the_next_locker() {
    guarded(|| {
        let stage = stage();
        let mut holder = Role::ready("holder", stage);
        assert!(matches!(stage.lock.try_lock(), Err(TryLockError::WouldBlock)));
        assert!(stage.lock.lock_timeout(Duration::from_millis(50)).is_err());
        assert!(stage.lock.is_locked() && !stage.lock.is_poisoned());
        holder.kill();
        let died = PoisonCause::OwnerDied { pid: holder.pid() };
        for _ in 0..2 {
            let Err(TryLockError::Poisoned(poisoned)) = stage.lock.try_lock() else {
                panic!("the lock of the dead is not taken over")
            };
            assert_eq!(poisoned.cause(), died);
        }
        assert_eq!(*stage.lock.lock().unwrap_err().recover(), 1);
        assert!(!stage.lock.is_locked() && !stage.lock.is_poisoned());
        assert_eq!(*stage.lock.lock().unwrap(), 1);
    });
}

#[test]
fn a_waiter_gets_the_lock_of_a_killed_holder() {
    guarded(|| {
        for _ in 0..5 {
            let stage = stage();
            let mut holder = Role::ready("holder", stage);
            thread::scope(|scope| {
                let waiters =
                    [(); 2].map(|()| asleep_in(scope, || stage.lock.lock().map(drop).is_err()));
                holder.kill();
                for waiter in waiters {
                    assert!(waiter.join().unwrap());
                }
            });
        }
    });
}

#[test]
fn an_heir_that_dies_is_reported_in_its_turn() {
    guarded(|| {
        let stage = stage();
        for count in 1..=3 {
            let mut holder = Role::ready("holder", stage);
            holder.kill();
            let poisoned = stage.lock.lock().unwrap_err();
            assert_eq!(poisoned.cause(), PoisonCause::OwnerDied { pid: holder.pid() });
            assert_eq!(*poisoned.into_inner(), count);
        }
    });
}

#[test]
fn a_writer_goes_on_when_a_reader_dies() {
    guarded(|| {
        let stage = stage();
        let mut reader = Role::ready("reader", stage);
        assert!(stage.shared.try_write().is_err());
        thread::scope(|scope| {
            let writer = asleep_in(scope, || *stage.shared.write().unwrap() += 1);
            reader.kill();
            writer.join().unwrap();
        });
        assert_eq!(*stage.shared.read().unwrap(), 1);
    });
}

#[test]
fn a_dead_writer_is_reported_to_readers() {
    guarded(|| {
        let stage = stage();
        let mut writer = Role::ready("writer", stage);
        thread::scope(|scope| {
            let reader = asleep_in(scope, || stage.shared.read().unwrap_err().cause());
            writer.kill();
            let died = PoisonCause::OwnerDied { pid: writer.pid() };
            assert_eq!(reader.join().unwrap(), died);
        });
    });
}

#[test]
fn the_permits_of_the_dead_come_back() {
    guarded(|| {
        let stage = stage();
        let mut taker = Role::ready("taker", stage);
        assert!(stage.semaphore.try_acquire().is_none());
        thread::scope(|scope| {
            let waiter = asleep_in(scope, || drop(stage.semaphore.acquire()));
            taker.kill();
            waiter.join().unwrap();
        });
        assert_eq!(stage.semaphore.available(), 2);
    });
}

#[test]
fn a_barrier_breaks_when_a_party_dies() {
    guarded(|| {
        let stage = stage_for(3);
        let mut party = Role::ready("party", stage);
        let start = Instant::now();
        while stage.barrier.waiting() == 0 {
            assert!(start.elapsed() < Duration::from_secs(30));
            thread::yield_now();
        }
        thread::scope(|scope| {
            let waiter = asleep_in(scope, || stage.barrier.wait().is_err());
            party.kill();
            assert!(waiter.join().unwrap());
        });
    });
}

#[test]
fn a_robust_mutex_tells_that_its_owner_died() {
    guarded(|| {
        let stage = stage();
        let mut owner = Role::ready("owner_of_a_mutex", stage);
        thread::scope(|scope| {
            // SAFETY: the memory stays.
            let waiter = asleep_in(scope, || unsafe { stage.mutex.lock() }.owner_died());
            owner.kill();
            assert!(waiter.join().unwrap());
        });
        // SAFETY: the memory stays.
        assert!(!unsafe { stage.mutex.lock() }.owner_died());
    });
}
