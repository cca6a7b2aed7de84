//! What those look at who have to get over a death.
#![expect(unreachable_pub, reason = "a test has no public interface")]

use std::time::Duration;

use sync_prims::{PoisonCause, Poisoned, Recover, TryLockError};

use crate::stage::Things;
use crate::stepping::{SOON, Survivor, ensure};

/// The guard, recovered if the victim is to blame, and whether it was.
pub fn taken<G: Recover>(
    result: Result<G, TryLockError<G>>,
    pid: u32,
) -> Result<(G, bool), String> {
    match result {
        Ok(guard) => Ok((guard, false)),
        Err(TryLockError::WouldBlock) => Err("the lock is not passed on".to_owned()),
        Err(TryLockError::Poisoned(poisoned)) => recovered(poisoned, pid),
    }
}

pub fn recovered<G: Recover>(poisoned: Poisoned<G>, pid: u32) -> Result<(G, bool), String> {
    let cause = poisoned.cause();
    ensure(cause == PoisonCause::OwnerDied { pid }, &format!("poisoned by {cause:?}, not {pid}"))?;
    Ok((poisoned.recover(), true))
}

pub fn change(pair: &mut [u64; 2]) {
    pair[0] += 1;
    std::hint::black_box(&mut *pair);
    pair[1] += 1;
}

/// After any death around the lock: it is passed on, reported if and only if it may be half
/// changed, and as good as new after that.
pub fn check_lock(things: &'static Things, pid: u32) -> Result<(), String> {
    let (mut guard, died) = taken(things.lock.lock_timeout(SOON), pid)?;
    ensure(died || guard[0] == guard[1], "half a change goes unreported")?;
    guard[1] = guard[0];
    drop(guard);
    ensure(things.lock.lock_timeout(SOON).is_ok(), "the lock stays poisoned")
}

pub fn lock_and_change(things: &'static Things) {
    match things.lock.lock() {
        Ok(mut guard) => change(&mut guard),
        Err(poisoned) => drop(poisoned.recover()),
    }
}

pub fn check_rwlock(things: &'static Things, pid: u32) -> Result<(), String> {
    let (mut guard, died) = taken(things.rwlock.write_timeout(SOON), pid)?;
    ensure(died || guard[0] == guard[1], "half a change goes unreported")?;
    guard[1] = guard[0];
    drop(guard);
    ensure(things.rwlock.read_timeout(SOON).is_ok(), "the lock stays poisoned")
}

pub fn check_semaphore(
    things: &'static Things,
    permits: std::ops::RangeInclusive<usize>,
) -> Result<(), String> {
    let mut held = Vec::new();
    while let Some(permit) = things.semaphore.acquire_timeout(if held.len() < *permits.start() {
        SOON
    } else {
        Duration::ZERO
    }) {
        held.push(permit);
        ensure(held.len() <= *permits.end(), "permits have come from nowhere")?;
    }
    ensure(permits.contains(&held.len()), &format!("{} permits are left", held.len()))
}

pub fn check_barrier(things: &'static Things) -> Result<(), String> {
    things.barrier.reset();
    let other = Survivor::asleep_in(move || things.barrier.wait_timeout(SOON).is_ok());
    ensure(things.barrier.wait_timeout(SOON).is_ok(), "the barrier does not open")?;
    ensure(other.soon("a party")?, "the barrier does not open for the other")
}
