//! What the victims do, and what has to hold after their deaths.
#![expect(unreachable_pub, reason = "a test has no public interface")]

use std::time::Duration;

use crate::stage::{Keeper, Scenario, Stage};
use crate::stepping::{SOON, Survivor, ensure};
use crate::survivors::{
    change, check_barrier, check_lock, check_rwlock, check_semaphore, lock_and_change, taken,
};

pub fn all() -> Vec<Scenario> {
    vec![
        Scenario {
            name: "lock, change, unlock",
            set: |things| {
                Stage::new(move || lock_and_change(things)).then(move |pid| check_lock(things, pid))
            },
        },
        Scenario {
            name: "lock, change, unlock; another waits",
            set: |things| {
                let guard = things.lock.lock();
                let other = Survivor::asleep_in(move || {
                    drop(things.lock.lock().map_err(|p| p.into_inner()));
                });
                drop(guard);
                Stage::new(move || lock_and_change(things)).then(move |pid| {
                    other.soon("the other waiter")?;
                    check_lock(things, pid)
                })
            },
        },
        Scenario {
            name: "lock while it is held; another waits",
            set: |things| {
                let holder = Keeper::of(move || things.lock.lock(), drop);
                let wait = move || drop(things.lock.lock().map_err(|p| p.into_inner()));
                let other = Survivor::asleep_in(wait);
                Stage::new(move || lock_and_change(things)).unblocked_by(holder).then(move |pid| {
                    other.soon("the other waiter")?;
                    check_lock(things, pid)
                })
            },
        },
        Scenario {
            name: "try_lock, lock_timeout while it is held",
            set: |things| {
                let holder = Keeper::of(move || things.lock.lock(), drop);
                Stage::new(move || {
                    drop(things.lock.try_lock());
                    drop(things.lock.lock_timeout(Duration::from_micros(50)));
                })
                .unblocked_by(holder)
                .then(move |pid| check_lock(things, pid))
            },
        },
        Scenario {
            name: "take a dead owner's lock, recover, unlock",
            set: |things| {
                let mut first = crate::support::sys::child::child(move || {
                    std::mem::forget(things.lock.lock());
                });
                let before = first.pid();
                first.wait();
                Stage::new(move || lock_and_change(things)).then(move |pid| {
                    match taken(things.lock.lock_timeout(SOON), pid) {
                        Ok((guard, _)) => drop(guard),
                        // Not yet recovered by the victim: the first death is still to be told.
                        Err(_) => drop(taken(things.lock.lock_timeout(SOON), before)?),
                    }
                    check_lock(things, pid)
                })
            },
        },
        Scenario {
            name: "rlock, again, unlock twice",
            set: |things| {
                Stage::new(move || {
                    let _outer = things.rlock.lock();
                    let _inner = things.rlock.lock();
                })
                .then(move |pid| {
                    drop(taken(things.rlock.lock_timeout(SOON), pid)?);
                    ensure(things.rlock.lock_timeout(SOON).is_ok(), "the lock stays poisoned")
                })
            },
        },
        Scenario {
            name: "set an event; two wait",
            set: |things| {
                let waiters = [(); 2].map(|()| Survivor::asleep_in(move || things.event.wait()));
                Stage::new(move || things.event.set()).then(move |_| {
                    if !things.event.is_set() {
                        things.event.set();
                    }
                    waiters.into_iter().try_for_each(|waiter| waiter.soon("a waiter"))
                })
            },
        },
        Scenario {
            name: "wait for an event; another waits",
            set: |things| {
                let other = Survivor::asleep_in(move || things.event.wait());
                Stage::new(move || things.event.wait())
                    .unblocked_by(Keeper::doing(|| things.event.set()))
                    .then(move |_| other.soon("the other waiter"))
            },
        },
        Scenario {
            name: "acquire and give back a permit",
            set: |things| {
                Stage::new(move || drop(things.semaphore.acquire()))
                    .then(move |_| check_semaphore(things, 2..=2))
            },
        },
        Scenario {
            name: "acquire when none is free; another waits",
            set: |things| {
                let take = || [(); 2].map(|()| things.semaphore.acquire());
                let holder = Keeper::of(take, |[one, two]| {
                    drop(one);
                    std::mem::forget(two);
                    things.semaphore.release(1);
                });
                let other = Survivor::asleep_in(move || drop(things.semaphore.acquire()));
                Stage::new(move || drop(things.semaphore.acquire())).unblocked_by(holder).then(
                    move |_| {
                        other.soon("the other waiter")?;
                        check_semaphore(things, 2..=2)
                    },
                )
            },
        },
        Scenario {
            name: "release a permit; another waits",
            set: |things| {
                let permits = [(); 2].map(|()| things.semaphore.acquire());
                let other = Survivor::asleep_in(move || things.semaphore.acquire().forget());
                Stage::new(move || things.semaphore.release(1)).then(move |_| {
                    if let Err(other) = other.at_once() {
                        // It was not released, so that has to be done again.
                        things.semaphore.release(1);
                        other.soon("the other waiter")?;
                    }
                    drop(permits);
                    check_semaphore(things, 2..=2)
                })
            },
        },
        Scenario {
            name: "forget a permit",
            set: |things| {
                Stage::new(move || things.semaphore.acquire().forget())
                    .then(move |_| check_semaphore(things, 1..=2))
            },
        },
        Scenario {
            name: "forget the last free permit",
            set: |things| {
                let other = things.semaphore.acquire();
                Stage::new(move || things.semaphore.acquire().forget()).then(move |_| {
                    drop(other);
                    check_semaphore(things, 1..=2)?;
                    let permits: Vec<_> =
                        std::iter::from_fn(|| things.semaphore.try_acquire()).collect();
                    let left = permits.len();
                    drop(permits);
                    ensure(things.semaphore.available() == left, "there are more than there are")
                })
            },
        },
        Scenario {
            name: "read",
            set: |things| {
                Stage::new(move || drop(things.rwlock.read()))
                    .then(move |pid| check_rwlock(things, pid))
            },
        },
        Scenario {
            name: "read; a writer waits",
            set: |things| {
                let reader = Keeper::of(|| things.rwlock.read(), drop);
                let writer = Survivor::asleep_in(move || things.rwlock.write().is_ok());
                Stage::new(move || drop(things.rwlock.read())).unblocked_by(reader).then(
                    move |pid| {
                        ensure(writer.soon("the writer")?, "a reader's death poisons")?;
                        check_rwlock(things, pid)
                    },
                )
            },
        },
        Scenario {
            name: "write",
            set: |things| {
                Stage::new(move || {
                    if let Ok(mut guard) = things.rwlock.write() {
                        change(&mut guard);
                    }
                })
                .then(move |pid| check_rwlock(things, pid))
            },
        },
        Scenario {
            name: "write while it is read; another waits",
            set: |things| {
                let reader = Keeper::of(|| things.rwlock.read(), drop);
                let other = Survivor::asleep_in(move || {
                    drop(things.rwlock.write().map_err(|p| p.into_inner()));
                });
                Stage::new(move || {
                    if let Ok(mut guard) = things.rwlock.write() {
                        change(&mut guard);
                    }
                })
                .unblocked_by(reader)
                .then(move |pid| {
                    other.soon("the other writer")?;
                    check_rwlock(things, pid)
                })
            },
        },
        Scenario {
            name: "notify one; two wait",
            set: |things| {
                let wait = move || drop(things.condition.wait(things.lock.lock().unwrap()));
                let waiters = [(); 2].map(|()| Survivor::asleep_in(wait));
                Stage::new(move || things.condition.notify_one()).then(move |_| {
                    things.condition.notify_all();
                    waiters.into_iter().try_for_each(|waiter| waiter.soon("a waiter"))
                })
            },
        },
        Scenario {
            name: "wait at a condition; another waits",
            set: |things| {
                let wait = move || drop(things.condition.wait(things.lock.lock().unwrap()));
                let other = Survivor::asleep_in(wait);
                let notifier = Keeper::doing(|| things.condition.notify_all());
                Stage::new(wait).unblocked_by(notifier).then(move |pid| {
                    if let Err(other) = other.at_once() {
                        things.condition.notify_all();
                        other.soon("the other waiter")?;
                    }
                    check_lock(things, pid)
                })
            },
        },
        Scenario {
            name: "arrive at a barrier as the last",
            set: |things| {
                let waiter = Survivor::asleep_in(move || things.barrier.wait().is_ok());
                Stage::new(move || {
                    assert!(things.barrier.wait().is_ok() || things.barrier.is_broken());
                })
                .then(move |_| {
                    if let Err(waiter) = waiter.at_once() {
                        // It had not arrived, which nobody can see.
                        ensure(things.barrier.waiting() == 1, "a party hangs")?;
                        things.barrier.abort();
                        waiter.soon("the other party")?;
                    }
                    check_barrier(things)
                })
            },
        },
        Scenario {
            name: "arrive at a barrier as the first",
            set: |things| {
                let other = Keeper::doing(|| {
                    let _passed_or_broken = things.barrier.wait_timeout(SOON / 2);
                });
                Stage::new(move || {
                    assert!(things.barrier.wait().is_ok() || things.barrier.is_broken());
                })
                .unblocked_by(other)
                .then(move |_| check_barrier(things))
            },
        },
    ]
}
