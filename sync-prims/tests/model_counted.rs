//! `RLock`, `RwLock` and the semaphores against simple models, over random sequences of operations.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::{Strategy, prop_oneof};
use proptest::test_runner::TestCaseError;
use proptest::{prop_assert, prop_assert_eq, proptest};
use support::world::{InSharedMemory, OnThreads, Unregistered, World};
use sync_prims::{BoundedSemaphore, Permit, RLock, RwLock, Scope, Semaphore, TryLockError};

type Outcome = Result<(), TestCaseError>;

const NO_TIME: Duration = Duration::from_nanos(1);

/// Drops something while panicking.
fn drop_in_a_panic<T>(value: T) {
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _value = value;
        resume_unwind(Box::new("on purpose"));
    }));
    assert!(panicked.is_err());
}

/// The guard, if there is one, and whether the lock was poisoned.
fn taken<G>(result: Result<G, TryLockError<G>>) -> (Option<G>, bool) {
    match result {
        Ok(guard) => (Some(guard), false),
        Err(TryLockError::WouldBlock) => (None, false),
        Err(TryLockError::Poisoned(poisoned)) => (Some(poisoned.into_inner()), true),
    }
}

#[derive(Clone, Copy, Debug)]
enum Level {
    Lock,
    LockTimeout,
    Unlock,
    Panic,
    ClearPoison,
    AskFromAnotherThread,
}

fn level() -> impl Strategy<Value = Level> {
    use Level::{AskFromAnotherThread, ClearPoison, Lock, LockTimeout, Panic, Unlock};
    prop_oneof![
        proptest::sample::select(vec![Lock, LockTimeout, Unlock, Unlock]),
        proptest::sample::select(vec![Panic, ClearPoison, AskFromAnotherThread]),
    ]
}

fn an_rlock_follows_its_model<W: World>(steps: &[Level]) -> Outcome {
    let lock = W::place(RLock::<u32, W::Scope>::new(0));
    let mut guards = Vec::new();
    let mut poisoned = false;
    for step in steps {
        match step {
            Level::Lock | Level::LockTimeout => {
                let result = match step {
                    Level::Lock => lock.try_lock(),
                    _ => lock.lock_timeout(NO_TIME),
                };
                let (guard, told) = taken(result);
                prop_assert_eq!(told, poisoned);
                prop_assert!(guard.is_some(), "its owner can always lock again");
                guards.extend(guard);
            }
            Level::Unlock => drop(guards.pop()),
            Level::Panic => {
                if let Some(guard) = guards.pop() {
                    drop_in_a_panic(guard);
                    poisoned = true;
                }
            }
            Level::ClearPoison => {
                lock.clear_poison();
                poisoned = false;
            }
            Level::AskFromAnotherThread => {
                let let_in = thread::scope(|scope| {
                    let ask = scope.spawn(|| taken(lock.try_lock()).0.is_some());
                    ask.join().unwrap_or(false)
                });
                prop_assert_eq!(let_in, guards.is_empty());
            }
        }
        prop_assert_eq!(lock.is_locked(), !guards.is_empty());
        prop_assert_eq!(lock.is_poisoned(), poisoned);
    }
    Ok(())
}

#[derive(Clone, Copy, Debug)]
enum Access {
    Read { wait: bool },
    Write { wait: bool },
    LeaveReading,
    LeaveWriting,
    PanicReading,
    PanicWriting,
    ClearPoison,
}

fn access() -> impl Strategy<Value = Access> {
    use Access::{ClearPoison, LeaveReading, LeaveWriting, PanicReading, PanicWriting};
    prop_oneof![
        proptest::bool::ANY.prop_map(|wait| Access::Read { wait }),
        proptest::bool::ANY.prop_map(|wait| Access::Write { wait }),
        proptest::sample::select(vec![LeaveReading, LeaveReading, LeaveWriting, LeaveWriting]),
        proptest::sample::select(vec![PanicReading, PanicWriting, ClearPoison]),
    ]
}

fn an_rwlock_follows_its_model<W: World>(steps: &[Access]) -> Outcome {
    let lock = W::place(RwLock::<u32, W::Scope>::new(0));
    let (mut readers, mut writer) = (Vec::new(), None);
    let (mut poisoned, mut value) = (false, 0);
    for step in steps {
        match *step {
            Access::Read { wait } => {
                let result = if wait { lock.read_timeout(NO_TIME) } else { lock.try_read() };
                let (guard, told) = taken(result);
                prop_assert_eq!(guard.is_some(), writer.is_none());
                if let Some(guard) = guard {
                    prop_assert_eq!((told, *guard), (poisoned, value));
                    readers.push(guard);
                }
            }
            Access::Write { wait } => {
                let result = if wait { lock.write_timeout(NO_TIME) } else { lock.try_write() };
                let (guard, told) = taken(result);
                prop_assert_eq!(guard.is_some(), writer.is_none() && readers.is_empty());
                if let Some(mut guard) = guard {
                    prop_assert_eq!((told, *guard), (poisoned, value));
                    value += 1;
                    *guard = value;
                    writer = Some(guard);
                }
            }
            Access::LeaveReading => drop(readers.pop()),
            Access::LeaveWriting => drop(writer.take()),
            // A reader has changed nothing.
            Access::PanicReading => drop(readers.pop().map(drop_in_a_panic)),
            Access::PanicWriting => {
                if let Some(guard) = writer.take() {
                    drop_in_a_panic(guard);
                    poisoned = true;
                }
            }
            Access::ClearPoison => {
                lock.clear_poison();
                poisoned = false;
            }
        }
        prop_assert_eq!(lock.is_poisoned(), poisoned);
    }
    Ok(())
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Acquire { wait: bool },
    GiveBack,
    Forget,
    Release(usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        proptest::bool::ANY.prop_map(|wait| Change::Acquire { wait }),
        proptest::bool::ANY.prop_map(|wait| Change::Acquire { wait }),
        proptest::sample::select(vec![Change::GiveBack, Change::GiveBack, Change::Forget]),
        (0..4usize).prop_map(Change::Release),
    ]
}

/// What both semaphores can do.
trait Permits {
    type Scope: Scope;
    /// What its total may not exceed.
    fn limit(first: usize) -> usize;
    fn try_acquire(&self) -> Option<Permit<'_, Self::Scope>>;
    fn acquire_timeout(&self) -> Option<Permit<'_, Self::Scope>>;
    fn release(&self, count: usize) -> bool;
    fn available(&self) -> usize;
}

macro_rules! permits {
    ($semaphore:ident, $limit:expr, $released:expr) => {
        impl<S: Scope> Permits for $semaphore<S> {
            type Scope = S;

            fn limit(first: usize) -> usize {
                $limit(first)
            }

            fn try_acquire(&self) -> Option<Permit<'_, S>> {
                $semaphore::try_acquire(self)
            }

            fn acquire_timeout(&self) -> Option<Permit<'_, S>> {
                $semaphore::acquire_timeout(self, NO_TIME)
            }

            fn release(&self, count: usize) -> bool {
                $released($semaphore::release(self, count))
            }

            fn available(&self) -> usize {
                $semaphore::available(self)
            }
        }
    };
}

permits!(Semaphore, |_| usize::MAX, |()| true);
permits!(BoundedSemaphore, |first| first, |result: Result<(), _>| result.is_ok());

fn a_semaphore_follows_its_model<P: Permits>(
    semaphore: &P,
    first: usize,
    steps: &[Change],
) -> Outcome {
    let mut permits = Vec::new();
    let mut total = first;
    for step in steps {
        match *step {
            Change::Acquire { wait } => {
                let before = total - permits.len();
                let permit =
                    if wait { semaphore.acquire_timeout() } else { semaphore.try_acquire() };
                prop_assert_eq!(permit.is_some(), before > 0);
                permits.extend(permit);
            }
            Change::GiveBack => drop(permits.pop()),
            Change::Forget => {
                if let Some(permit) = permits.pop() {
                    permit.forget();
                    total -= 1;
                }
            }
            Change::Release(count) => {
                let fits = total + count <= P::limit(first);
                prop_assert_eq!(semaphore.release(count), fits);
                total += if fits { count } else { 0 };
            }
        }
        prop_assert_eq!(semaphore.available(), total - permits.len());
    }
    Ok(())
}

fn both_semaphores_follow_their_models<W: World>(first: usize, steps: &[Change]) -> Outcome {
    let semaphore = W::place(Semaphore::<W::Scope>::new(first));
    a_semaphore_follows_its_model(semaphore, first, steps)?;
    let semaphore = W::place(BoundedSemaphore::<W::Scope>::new(first));
    a_semaphore_follows_its_model(semaphore, first, steps)
}

proptest! {
    #[test]
    fn an_rlock_does_what_its_model_does(steps in vec(level(), 1..40)) {
        an_rlock_follows_its_model::<OnThreads>(&steps)?;
        an_rlock_follows_its_model::<InSharedMemory>(&steps)?;
        an_rlock_follows_its_model::<Unregistered>(&steps)?;
    }

    #[test]
    fn an_rwlock_does_what_its_model_does(steps in vec(access(), 1..60)) {
        an_rwlock_follows_its_model::<OnThreads>(&steps)?;
        an_rwlock_follows_its_model::<InSharedMemory>(&steps)?;
        an_rwlock_follows_its_model::<Unregistered>(&steps)?;
    }

    #[test]
    fn semaphores_do_what_their_models_do(first in 0..40usize, steps in vec(change(), 1..100)) {
        both_semaphores_follow_their_models::<OnThreads>(first, &steps)?;
        both_semaphores_follow_their_models::<InSharedMemory>(first, &steps)?;
        both_semaphores_follow_their_models::<Unregistered>(first, &steps)?;
    }
}
