//! Operations on queues.
#![expect(unreachable_pub, reason = "a test has no public interface")]

use ipc::{Owned, Queue, RecvError};
use proc_spawn::{Call, CapturesNothing};

use crate::messages::{LAST, Ledger, Message, drain, long, short, with_value};
use crate::stage::{Scenario, Stage, perform, perform_anew, victim};
use crate::stepping::{SOON, Survivor, ensure};

/// The number of the message that a victim puts.
const ITS: u64 = 7;

/// A queue that somebody waits at, and a victim that puts a message.
fn put<F, M: 'static>(capacity: Option<usize>, operation: F) -> Stage
where
    F: Call<Queue<Message>, M, Output = ()> + CapturesNothing,
{
    let queue = capacity.map_or_else(Queue::unbounded, Queue::bounded).unwrap();
    let other = queue.clone();
    let getter = Survivor::asleep_in(move || other.get());
    victim(operation, queue.clone()).then(move |death| {
        let mut ledger = Ledger::default();
        queue.put_timeout(short(LAST - 1), SOON).map_err(|error| error.to_string())?;
        ledger.enter(getter.soon("who waits for a message")?)?;
        drain(&queue, &mut ledger)?;
        ensure(ledger.has(LAST - 1), "a survivor's message is lost")?;
        ensure(ledger.has(ITS) || !death.finished, "a message that was put is lost")
    })
}

/// A queue with two messages, of which a victim gets some.
fn get<F, M: 'static>(message: fn(u64) -> Message, operation: F) -> Stage
where
    F: Call<Queue<Message>, M, Output = ()> + CapturesNothing,
{
    let queue = Queue::bounded(4).unwrap();
    [1, 2].into_iter().for_each(|number| queue.put(message(number)).unwrap());
    victim(operation, queue.clone()).then(move |death| {
        let mut ledger = Ledger::default();
        drain(&queue, &mut ledger)?;
        ensure(ledger.has(2), "a message is lost that nobody had taken")?;
        ensure(!ledger.has(1) || !death.finished, "a message that was got is there again")
    })
}

pub fn all() -> Vec<Scenario> {
    vec![
        Scenario {
            name: "queue: put; another waits for it",
            set: || {
                put(Some(4), |queue: Queue<Message>| {
                    let message = short(ITS);
                    perform(|| queue.put(message));
                })
            },
        },
        Scenario {
            name: "queue: put, as the first thing it does",
            set: || {
                put(Some(4), |queue: Queue<Message>| {
                    let message = short(ITS);
                    perform_anew(|| queue.put(message));
                })
            },
        },
        Scenario {
            name: "queue: put a parcel; another waits for it",
            set: || {
                put(Some(4), |queue: Queue<Message>| {
                    let message = long(ITS);
                    perform(|| queue.put(message));
                })
            },
        },
        Scenario {
            name: "queue: put a handle; another waits for it",
            set: || {
                put(Some(4), |queue: Queue<Message>| {
                    let message = with_value(ITS);
                    perform(|| queue.put(message));
                })
            },
        },
        Scenario {
            name: "unbounded queue: put; another waits for it",
            set: || {
                put(None, |queue: Queue<Message>| {
                    let message = short(ITS);
                    perform(|| queue.put(message));
                })
            },
        },
        Scenario {
            name: "queue: put an Owned",
            set: || {
                let queue = Queue::<Owned<[u64]>>::bounded(4).unwrap();
                let operation = |queue: Queue<Owned<[u64]>>| {
                    let owned = Owned::from_slice(&[ITS; 32]).unwrap();
                    perform(|| queue.put(owned));
                };
                victim(operation, queue.clone()).then(move |death| {
                    queue.put(Owned::from_slice(&[LAST; 32]).unwrap()).unwrap();
                    let mut first = queue.get_timeout(SOON).map_err(|error| error.to_string())?;
                    ensure(first[0] == ITS || !death.finished, "what was put is lost")?;
                    if first[0] == ITS {
                        ensure(*first == [ITS; 32], "an Owned is not whole")?;
                        first = queue.get_timeout(SOON).map_err(|error| error.to_string())?;
                    }
                    ensure(*first == [LAST; 32], "the survivor's Owned is not whole")
                })
            },
        },
        Scenario {
            name: "full queue: put; another waits for room",
            set: || {
                let queue = Queue::bounded(2).unwrap();
                [1, 2].into_iter().for_each(|number| queue.put(short(number)).unwrap());
                let other = queue.clone();
                let putter = Survivor::asleep_in(move || other.put(short(3)).is_ok());
                let operation = |queue: Queue<Message>| {
                    let message = short(ITS);
                    perform(|| queue.put(message));
                };
                let made_room = queue.clone();
                victim(operation, queue.clone())
                    .unblocked_by(move || {
                        [1, 2]
                            .into_iter()
                            .for_each(|number| assert_eq!(made_room.get().unwrap().0, number));
                    })
                    .then(move |death| {
                        let mut ledger = Ledger::default();
                        ensure(putter.soon("who waits for room")?, "it is told of an end")?;
                        // There is room for one message beside those two, when one is taken out.
                        ledger.enter(queue.get_timeout(SOON))?;
                        drain(&queue, &mut ledger)?;
                        ensure(ledger.has(3), "a survivor's message is lost")?;
                        ensure(ledger.has(ITS) || !death.finished, "what was put is lost")
                    })
            },
        },
        Scenario {
            name: "queue: get",
            set: || get(short, |queue: Queue<Message>| perform(|| queue.get())),
        },
        Scenario {
            name: "queue: get a parcel",
            set: || get(long, |queue: Queue<Message>| perform(|| queue.get())),
        },
        Scenario {
            name: "queue: get a handle",
            set: || get(with_value, |queue: Queue<Message>| perform(|| queue.get())),
        },
        Scenario {
            name: "queue: get, task_done",
            set: || {
                get(short, |queue: Queue<Message>| {
                    perform(|| {
                        queue.get().unwrap();
                        queue.task_done().unwrap();
                    });
                })
            },
        },
        Scenario {
            name: "empty queue: get; another waits",
            set: || {
                let queue = Queue::bounded(4).unwrap();
                let other = queue.clone();
                let getter = Survivor::asleep_in(move || other.get());
                let operation = |queue: Queue<Message>| perform(|| queue.get());
                let fed = queue.clone();
                victim(operation, queue.clone())
                    .unblocked_by(move || {
                        [1, 2].into_iter().for_each(|number| fed.put(with_value(number)).unwrap());
                    })
                    .then(move |_| {
                        let mut ledger = Ledger::default();
                        queue.put_timeout(short(3), SOON).map_err(|error| error.to_string())?;
                        ledger.enter(getter.soon("who waits for a message")?)?;
                        drain(&queue, &mut ledger)?;
                        let lost = [1, 2, 3].map(|number| ledger.misses(number));
                        ensure(lost.iter().sum::<usize>() <= 1, "more than one message is lost")
                    })
            },
        },
        Scenario {
            name: "queue: get the last task; another joins",
            set: || {
                let queue = Queue::bounded(4).unwrap();
                queue.put(short(1)).unwrap();
                let other = queue.clone();
                let joiner = Survivor::asleep_in(move || other.join());
                let operation = |queue: Queue<Message>| {
                    perform(|| {
                        queue.get().unwrap();
                        queue.task_done().unwrap();
                    });
                };
                victim(operation, queue.clone()).then(move |_| {
                    if let Err(joiner) = joiner.at_once() {
                        // It had not taken the message yet.
                        ensure(queue.get_timeout(SOON).is_ok(), "neither there nor done")?;
                        queue.task_done().map_err(|error| error.to_string())?;
                        joiner.soon("who waits for the tasks")?;
                    }
                    drain(&queue, &mut Ledger::default())
                })
            },
        },
        Scenario {
            name: "queue: close; another waits for a message",
            set: || {
                let queue = Queue::<Message>::bounded(4).unwrap();
                let other = queue.clone();
                let getter = Survivor::asleep_in(move || other.get());
                let operation = |queue: Queue<Message>| perform(|| queue.close());
                victim(operation, queue.clone()).then(move |death| {
                    ensure(queue.is_closed() || !death.finished, "it is not closed")?;
                    let told = match getter.at_once() {
                        Ok(told) => told,
                        Err(getter) => {
                            ensure(!queue.is_closed(), "who waits is not told of the close")?;
                            queue.close();
                            getter.soon("who waits for a message")?
                        }
                    };
                    ensure(matches!(told, Err(RecvError::Disconnected)), "it is told otherwise")
                })
            },
        },
        Scenario {
            name: "queue: create, put, get, drop",
            set: || {
                let operation = || {
                    perform(|| {
                        let queue = Queue::bounded(2).unwrap();
                        queue.put(with_value(1)).unwrap();
                        queue.put(long(2)).unwrap();
                        queue.get().unwrap();
                    });
                };
                victim(operation, ())
            },
        },
        Scenario {
            name: "unbounded queue: create, put, drop",
            set: || {
                let operation = || {
                    perform(|| Queue::unbounded().unwrap().put(with_value(1)).unwrap());
                };
                victim(operation, ())
            },
        },
    ]
}
