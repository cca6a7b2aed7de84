//! Operations on values in shared memory. That nothing is left of them, every scenario checks.
#![expect(unreachable_pub, reason = "a test has no public interface")]

use ipc::{Array, Owned, Queue, Shared, Value};

use crate::footprint::{KEPT, memory};
use crate::stage::{Scenario, perform, victim};
use crate::stepping::{SOON, ensure};

/// Leaves so many free blocks; 75 of them are as much memory as is kept.
fn leave_free<const BLOCKS: usize>() {
    drop([(); BLOCKS].map(|()| Owned::<[u8]>::zeroed(900_000).unwrap()));
}

pub fn all() -> Vec<Scenario> {
    vec![
        Scenario {
            name: "Shared: create, clone, drop both",
            set: || {
                let operation = || {
                    perform(|| {
                        let value = Shared::new([7u64; 8]).unwrap();
                        drop((value.clone(), value));
                    });
                };
                victim(operation, ())
            },
        },
        Scenario {
            name: "Shared: drop one of two handles",
            set: || {
                let value = Shared::new([7u64; 32]).unwrap();
                let operation = |value: Shared<[u64; 32]>| perform(|| drop(value));
                victim(operation, value.clone())
                    .then(move |_| ensure(*value == [7; 32], "the value has gone"))
            },
        },
        Scenario {
            name: "Shared: drop the last handle",
            set: || {
                let operation = |value: Shared<[u64; 32]>| perform(|| drop(value));
                victim(operation, Shared::new([7u64; 32]).unwrap())
            },
        },
        Scenario {
            name: "Shared: get a handle, send it on",
            set: || {
                let queues = [(); 2].map(|()| Queue::bounded(2).unwrap());
                queues[0].put(Shared::new([7u64; 32]).unwrap()).unwrap();
                let operation = |queues: [Queue<Shared<[u64; 32]>>; 2]| {
                    perform(|| queues[1].put(queues[0].get().unwrap()));
                };
                victim(operation, queues.clone()).then(move |death| {
                    death.join();
                    let found = queues.each_ref().map(|queue| queue.try_get().ok());
                    let count = found.iter().flatten().count();
                    ensure(found.iter().flatten().all(|value| **value == [7; 32]), "not whole")?;
                    ensure(count <= 1, "it is in both places")?;
                    ensure(found[1].is_some() || !death.finished, "what was sent is lost")
                })
            },
        },
        Scenario {
            name: "Owned: create large, drop",
            set: || {
                let operation = || perform(|| drop(Owned::<[u64]>::zeroed(200_000).unwrap()));
                victim(operation, ())
            },
        },
        Scenario {
            name: "Owned: drop four, and give memory back",
            set: || {
                let four = [(); 4].map(|()| Owned::<[u8]>::zeroed(900_000).unwrap());
                leave_free::<116>();
                let operation = |four: Vec<Owned<[u8]>>| perform(|| drop(four));
                victim(operation, Vec::from(four)).then(move |death| {
                    let owned = Owned::<[u8]>::zeroed(900_000).unwrap();
                    ensure(owned.iter().all(|byte| *byte == 0), "it is not zero")?;
                    drop(owned);
                    death.join();
                    // Others go on where it was.
                    leave_free::<150>();
                    ensure(memory() < KEPT + (16 << 20), "memory is not given back")
                })
            },
        },
        Scenario {
            name: "Owned: create, change, freeze, clone, drop",
            set: || {
                let operation = || {
                    perform(|| {
                        let mut owned = Owned::from_slice(&[1u64; 32]).unwrap();
                        owned[3] = 7;
                        let shared = owned.freeze();
                        drop(shared.clone());
                    });
                };
                victim(operation, ())
            },
        },
        Scenario {
            name: "Value: lock, change, unlock, drop the handle",
            set: || {
                let value = Value::locked(1u64).unwrap();
                let operation = |value: Value<u64>| {
                    perform(|| {
                        *value.lock().unwrap() += 1;
                        drop(value);
                    });
                };
                victim(operation, value.clone()).then(move |death| {
                    let guard = match value.lock_timeout(SOON) {
                        Ok(guard) => guard,
                        Err(sync_prims::TryLockError::Poisoned(poisoned)) => poisoned.recover(),
                        Err(sync_prims::TryLockError::WouldBlock) => {
                            return Err("the lock is not passed on".to_owned());
                        }
                    };
                    ensure(*guard == 2 || (*guard == 1 && !death.finished), "a wrong value")?;
                    drop(guard);
                    drop(value);
                    Ok(())
                })
            },
        },
        Scenario {
            name: "Array: create, clone, drop",
            set: || {
                let operation = || {
                    perform(|| {
                        let array = Array::<u64>::zeroed(100).unwrap();
                        drop(array.clone());
                    });
                };
                victim(operation, ())
            },
        },
    ]
}
