//! `Lock` and `Event` against simple models, over random sequences of operations.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use proptest::prelude::{Strategy, prop_oneof};
use proptest::{prop_assert_eq, proptest};
use support::world::{InSharedMemory, OnThreads, Unregistered, World};
use sync_prims::{Event, Lock, LockGuard, Scope, TryLockError};

/// What one of a few hands does to one of a few locks.
#[derive(Clone, Copy, Debug)]
enum Step {
    TryLock(usize),
    LockTimeout(usize),
    Unlock(usize),
    Add(usize, u32),
    PanicWith(usize),
    ClearPoison(usize),
    Recover(usize),
}

const LOCKS: usize = 3;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..LOCKS).prop_map(Step::TryLock),
        (0..LOCKS).prop_map(Step::LockTimeout),
        (0..LOCKS).prop_map(Step::Unlock),
        (0..LOCKS, 0..100u32).prop_map(|(lock, n)| Step::Add(lock, n)),
        (0..LOCKS).prop_map(Step::PanicWith),
        (0..LOCKS).prop_map(Step::ClearPoison),
        (0..LOCKS).prop_map(Step::Recover),
    ]
}

#[derive(Clone, Copy, Default)]
struct Model {
    held: bool,
    poisoned: bool,
    value: u32,
}

/// A guard, or why there is none; and whether the lock was poisoned.
fn outcome<'a, S: Scope>(
    result: Result<LockGuard<'a, u32, S>, TryLockError<LockGuard<'a, u32, S>>>,
    recover: bool,
) -> (Option<LockGuard<'a, u32, S>>, bool) {
    match result {
        Ok(guard) => (Some(guard), false),
        Err(TryLockError::WouldBlock) => (None, false),
        Err(TryLockError::Poisoned(poisoned)) if recover => (Some(poisoned.recover()), true),
        Err(TryLockError::Poisoned(poisoned)) => (Some(poisoned.into_inner()), true),
    }
}

fn lock_follows_its_model<W: World>(
    steps: &[Step],
) -> Result<(), proptest::test_runner::TestCaseError> {
    let locks = W::place([(); LOCKS].map(|()| Lock::<u32, W::Scope>::new(0)));
    let mut guards = [const { None }; LOCKS];
    let mut models = [Model::default(); LOCKS];
    for &step in steps {
        match step {
            Step::TryLock(i) | Step::LockTimeout(i) | Step::Recover(i) => {
                let result = match step {
                    Step::LockTimeout(_) => locks[i].lock_timeout(Duration::from_nanos(1)),
                    _ => locks[i].try_lock(),
                };
                let recover = matches!(step, Step::Recover(_));
                let (guard, poisoned) = outcome(result, recover);
                prop_assert_eq!(guard.is_some(), !models[i].held);
                if let Some(guard) = guard {
                    prop_assert_eq!(poisoned, models[i].poisoned);
                    models[i].poisoned &= !recover;
                    models[i].held = true;
                    guards[i] = Some(guard);
                }
            }
            Step::Unlock(i) => {
                guards[i] = None;
                models[i].held = false;
            }
            Step::Add(i, n) => {
                if let Some(guard) = &mut guards[i] {
                    **guard += n;
                    models[i].value += n;
                }
            }
            Step::PanicWith(i) => {
                if let Some(guard) = guards[i].take() {
                    let panicked = catch_unwind(AssertUnwindSafe(|| {
                        let _guard = guard;
                        resume_unwind(Box::new("on purpose"));
                    }));
                    assert!(panicked.is_err());
                    models[i].held = false;
                    models[i].poisoned = true;
                }
            }
            Step::ClearPoison(i) => {
                locks[i].clear_poison();
                models[i].poisoned = false;
            }
        }
        for (lock, model) in locks.iter().zip(&models) {
            prop_assert_eq!(lock.is_locked(), model.held);
            prop_assert_eq!(lock.is_poisoned(), model.poisoned);
        }
        for (guard, model) in guards.iter().zip(&models) {
            if let Some(guard) = guard {
                prop_assert_eq!(**guard, model.value);
            }
        }
    }
    Ok(())
}

fn event_follows_its_model<W: World>(
    steps: &[u8],
) -> Result<(), proptest::test_runner::TestCaseError> {
    let event = W::place(Event::<W::Scope>::new());
    let mut set = false;
    for step in steps {
        match step {
            0 => {
                event.set();
                set = true;
            }
            1 => {
                event.clear();
                set = false;
            }
            2 => prop_assert_eq!(event.wait_timeout(Duration::from_nanos(1)), set),
            _ => {
                if set {
                    event.wait();
                }
            }
        }
        prop_assert_eq!(event.is_set(), set);
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_lock_does_what_its_model_does(steps in proptest::collection::vec(step(), 1..60)) {
        lock_follows_its_model::<OnThreads>(&steps)?;
        lock_follows_its_model::<InSharedMemory>(&steps)?;
        lock_follows_its_model::<Unregistered>(&steps)?;
    }

    #[test]
    fn an_event_does_what_its_model_does(steps in proptest::collection::vec(0..4u8, 1..60)) {
        event_follows_its_model::<OnThreads>(&steps)?;
        event_follows_its_model::<InSharedMemory>(&steps)?;
    }
}
