//! `Condition` and `Barrier` against simple models, over random sequences of operations, with a thread
//! for everyone who waits.

mod support;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, prop_oneof};
use proptest::test_runner::TestCaseError;
use proptest::{prop_assert, prop_assert_eq, proptest};
use support::world::{InSharedMemory, OnThreads, World};
use support::{guarded, thread_id, until_asleep};
use sync_prims::{Barrier, BrokenBarrier, Condition, Lock};

type Outcome = Result<(), TestCaseError>;

const NO_TIME: Duration = Duration::from_nanos(1);

/// Returns when something that has to come has come.
fn until(what: &str, done: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what} does not come");
        thread::yield_now();
    }
}

#[derive(Clone, Copy, Debug)]
enum News {
    Wait,
    WaitInVain,
    Notify(usize),
    NotifyAll,
}

fn news() -> impl Strategy<Value = News> {
    prop_oneof![
        proptest::sample::select(vec![News::Wait, News::Wait, News::WaitInVain, News::NotifyAll]),
        (0..3usize).prop_map(News::Notify),
    ]
}

fn a_condition_follows_its_model<W: World>(steps: &[News]) -> Outcome {
    let lock = W::place(Lock::<usize, W::Scope>::new(0));
    let condition = W::place(Condition::<W::Scope>::new());
    let (woken, sleeper) = (AtomicUsize::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        let (mut announced, mut waiting) = (0, 0);
        let outcome = steps.iter().try_for_each(|&step| {
            match step {
                News::Wait => {
                    scope.spawn(|| {
                        let mut guard = lock.lock().unwrap();
                        sleeper.store(thread_id(), Ordering::SeqCst);
                        *guard += 1;
                        drop(condition.wait(guard).unwrap());
                        woken.fetch_add(1, Ordering::SeqCst);
                    });
                    announced += 1;
                    waiting += 1;
                    // It counts itself under the lock, which it gives up only as a waiter.
                    until("a waiter", || *lock.lock().unwrap() == announced);
                    until_asleep(sleeper.load(Ordering::SeqCst));
                }
                News::WaitInVain => {
                    let guard = lock.lock().unwrap();
                    let (_, result) = condition.wait_timeout(guard, NO_TIME).unwrap();
                    prop_assert!(result.timed_out());
                }
                News::Notify(count) => {
                    condition.notify(count);
                    waiting -= count.min(waiting);
                }
                News::NotifyAll => {
                    condition.notify_all();
                    waiting = 0;
                }
            }
            until("a woken waiter", || woken.load(Ordering::SeqCst) >= announced - waiting);
            prop_assert_eq!(woken.load(Ordering::SeqCst), announced - waiting);
            Ok(())
        });
        condition.notify_all();
        outcome
    })
}

#[derive(Clone, Copy, Debug)]
enum Party {
    Arrive,
    ArriveInVain,
    Abort,
    Reset,
}

fn party() -> impl Strategy<Value = Party> {
    use Party::{Abort, Arrive, ArriveInVain, Reset};
    proptest::sample::select(vec![
        Arrive,
        Arrive,
        Arrive,
        Arrive,
        ArriveInVain,
        Abort,
        Reset,
        Reset,
    ])
}

/// The indices of those who passed, sorted; none if the barrier broke for all of them.
fn passages(
    parties: Vec<ScopedJoinHandle<'_, Result<usize, BrokenBarrier>>>,
) -> Result<Vec<usize>, TestCaseError> {
    let results: Vec<_> = parties.into_iter().map(|party| party.join().unwrap()).collect();
    let mut indices: Vec<usize> =
        results.iter().filter_map(|it| it.as_ref().ok().copied()).collect();
    prop_assert!(indices.is_empty() || indices.len() == results.len(), "some passed: {results:?}");
    indices.sort_unstable();
    Ok(indices)
}

fn a_barrier_follows_its_model<W: World>(parties: usize, steps: &[Party]) -> Outcome {
    let barrier = W::place(Barrier::<W::Scope>::new(parties));
    thread::scope(|scope| {
        let mut waiting = Vec::new();
        let mut broken = false;
        let outcome = steps.iter().try_for_each(|&step| {
            match step {
                Party::Arrive if broken => prop_assert!(barrier.wait().is_err()),
                Party::Arrive | Party::ArriveInVain if !broken && waiting.len() + 1 == parties => {
                    let result = match step {
                        Party::Arrive => barrier.wait(),
                        _ => barrier.wait_timeout(NO_TIME),
                    };
                    prop_assert_eq!(result.map(|wait| wait.index()), Ok(parties - 1));
                    let indices: Vec<usize> = (0..parties - 1).collect();
                    prop_assert_eq!(passages(std::mem::take(&mut waiting))?, indices);
                }
                Party::Arrive => {
                    waiting.push(scope.spawn(|| barrier.wait().map(|wait| wait.index())));
                    let count = waiting.len();
                    until("a party", || barrier.waiting() == count);
                }
                Party::ArriveInVain => {
                    prop_assert!(barrier.wait_timeout(NO_TIME).is_err());
                    broken = true;
                }
                Party::Abort => {
                    barrier.abort();
                    broken = true;
                }
                Party::Reset => {
                    barrier.reset();
                    prop_assert!(passages(std::mem::take(&mut waiting))?.is_empty());
                    broken = false;
                }
            }
            if broken {
                prop_assert!(passages(std::mem::take(&mut waiting))?.is_empty());
            }
            prop_assert_eq!(barrier.is_broken(), broken);
            prop_assert_eq!(barrier.waiting(), waiting.len());
            Ok(())
        });
        barrier.abort();
        outcome
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_condition_does_what_its_model_does(steps in vec(news(), 1..16)) {
        guarded(move || {
            a_condition_follows_its_model::<OnThreads>(&steps)?;
            a_condition_follows_its_model::<InSharedMemory>(&steps)
        })?;
    }

    #[test]
    fn a_barrier_does_what_its_model_does(parties in 1..4usize, steps in vec(party(), 1..24)) {
        guarded(move || {
            a_barrier_follows_its_model::<OnThreads>(parties, &steps)?;
            a_barrier_follows_its_model::<InSharedMemory>(parties, &steps)
        })?;
    }
}
