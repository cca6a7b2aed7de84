//! What the workers do, for ever.
#![expect(unreachable_pub, reason = "a test has no public interface")]

use std::time::Duration;

use crate::dice::Dice;
use crate::stage::{PERMITS, Stage};
use sync_prims::{LockResult, Recover, TryLockError};

/// Longer than anything takes that works.
const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_micros(300);

/// The guard; what a dead owner left is mended first.
fn whole<G: Recover>(stage: &Stage, result: LockResult<G>, mend: impl FnOnce(&mut G)) -> G {
    result.unwrap_or_else(|poisoned| {
        stage.count_report();
        // Who dies from here on, before all is mended, is reported again.
        let mut guard = poisoned.recover();
        mend(&mut guard);
        guard
    })
}

/// As [`whole`], where waiting came to an end; `None` if that was its deadline.
fn in_time<G: Recover>(
    stage: &Stage,
    result: Result<G, TryLockError<G>>,
    mend: impl FnOnce(&mut G),
) -> Option<G> {
    match result {
        Ok(guard) => Some(guard),
        Err(TryLockError::WouldBlock) => None,
        Err(TryLockError::Poisoned(poisoned)) => Some(whole(stage, Err(poisoned), mend)),
    }
}

/// Stays where it is for a moment, so that many die there.
fn linger(dice: &mut Dice) {
    for _ in 0..dice.below(4) * dice.below(4_000) {
        std::hint::spin_loop();
    }
}

pub fn work(stage: &'static Stage, me: usize, mut dice: Dice) {
    stage.enter(me);
    loop {
        match dice.below(12) {
            0 | 1 => {
                let mut guard = whole(stage, stage.lock.lock(), |guard| guard.mend());
                guard.check();
                guard.change(me, || linger(&mut dice));
            }
            2 => {
                let result = stage.lock.lock_timeout(SHORT);
                if let Some(mut guard) = in_time(stage, result, |guard| guard.mend()) {
                    guard.check();
                    guard.change(me, || linger(&mut dice));
                }
            }
            3 => {
                let outer = whole(stage, stage.rlock.lock(), |guard| guard.mend());
                outer.check();
                let inner = whole(stage, stage.rlock.lock(), |_| panic!("poisoned by ourselves"));
                inner.change(|| linger(&mut dice));
            }
            4 | 5 => {
                // A reader cannot mend; it looks only at what is not poisoned.
                if let Ok(guard) = stage.rwlock.read() {
                    linger(&mut dice);
                    guard.check();
                }
            }
            6 => {
                let mut guard = whole(stage, stage.rwlock.write(), |guard| guard.mend());
                guard.check();
                guard.change(me, || linger(&mut dice));
            }
            7 | 8 => {
                let permit = match dice.below(3) {
                    0 => Some(stage.semaphore.acquire()),
                    1 => stage.semaphore.try_acquire(),
                    _ => stage.semaphore.acquire_timeout(SHORT),
                };
                if let Some(permit) = permit {
                    stage.note_permit(me);
                    linger(&mut dice);
                    stage.strike_permit(me);
                    drop(permit);
                }
            }
            9 => match dice.below(3) {
                0 => stage.event.set(),
                1 => stage.event.clear(),
                _ => drop(stage.event.wait_timeout(SHORT)),
            },
            10 => {
                let mut items = whole(stage, stage.items.lock(), |_| {});
                if dice.below(2) == 0 {
                    *items += 1;
                    stage.condition.notify(1 + dice.below(2) as usize);
                } else {
                    let wait =
                        stage.condition.wait_timeout_while(items, SHORT, |items| *items == 0);
                    let (mut items, result) = wait.unwrap_or_else(|poisoned| {
                        stage.count_report();
                        poisoned.recover()
                    });
                    if !result.timed_out() {
                        assert!(*items > 0, "woken for nothing");
                        *items -= 1;
                    }
                }
            }
            _ => {
                if stage.barrier.wait_timeout(SHORT).is_err() && dice.below(2) == 0 {
                    stage.barrier.reset();
                }
            }
        }
        stage.count_operation();
    }
}

/// When all workers are dead, everything is to be had, as often as at first.
pub fn check_at_the_end(stage: &'static Stage) {
    let late = "still held by the dead";
    let guard = in_time(stage, stage.lock.lock_timeout(LONG), |guard| guard.mend());
    guard.expect(late).check();
    let guard = in_time(stage, stage.rlock.lock_timeout(LONG), |guard| guard.mend());
    guard.expect(late).check();
    let guard = in_time(stage, stage.rwlock.write_timeout(LONG), |guard| guard.mend());
    guard.expect(late).check();
    assert!(stage.rwlock.read_timeout(LONG).is_ok());
    let permits: Vec<_> =
        (0..PERMITS).map(|_| stage.semaphore.acquire_timeout(LONG).expect(late)).collect();
    assert!(stage.semaphore.try_acquire().is_none(), "permits have come from nowhere");
    drop(permits);
    assert_eq!(stage.semaphore.available(), PERMITS);
    stage.event.set();
    assert!(stage.event.wait_timeout(LONG));
    stage.barrier.reset();
    std::thread::scope(|scope| {
        let other = scope.spawn(|| stage.barrier.wait_timeout(LONG).is_ok());
        assert!(stage.barrier.wait_timeout(LONG).is_ok());
        assert!(other.join().is_ok_and(|opened| opened));
    });
}
