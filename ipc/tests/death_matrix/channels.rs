//! Operations on channels: senders and receivers that come and go.
#![expect(unreachable_pub, reason = "a test has no public interface")]

use ipc::{Queue, Receiver, RecvError, SendError, Sender, channel};
use proc_spawn::{Call, CapturesNothing};

use crate::messages::{Ledger, Message, long, short, with_value};
use crate::stage::{Scenario, Stage, perform, victim};
use crate::stepping::{SOON, Survivor, ensure};

/// A victim with the only sender; a survivor gets what it sends, and then has to be told of its end.
fn only_sender<F, M: 'static>(operation: F) -> Stage
where
    F: Call<Sender<Message>, M, Output = ()> + CapturesNothing,
{
    let (sender, receiver) = channel(4).unwrap();
    let reader = Survivor::asleep_in(move || (receiver.recv(), receiver.recv()));
    victim(operation, sender).then(move |death| {
        let (first, second) = reader.soon("the receiver")?;
        ensure(matches!(second, Err(RecvError::Disconnected)), "a second message comes")?;
        if matches!(first, Err(RecvError::Disconnected)) {
            return ensure(!death.finished, "a message that was sent is lost");
        }
        Ledger::default().enter(first).map(drop)
    })
}

pub fn all() -> Vec<Scenario> {
    vec![
        Scenario {
            name: "channel: send as the only sender",
            set: || {
                only_sender(|sender: Sender<Message>| {
                    let message = short(1);
                    perform(|| sender.send(message));
                })
            },
        },
        Scenario {
            name: "channel: send a handle as the only sender",
            set: || {
                only_sender(|sender: Sender<Message>| {
                    let message = with_value(1);
                    perform(|| sender.send(message));
                })
            },
        },
        Scenario {
            name: "channel: receive as the only receiver",
            set: || {
                let (sender, receiver) = channel(2).unwrap();
                [1, 2].into_iter().for_each(|number| sender.send(long(number)).unwrap());
                let operation = |receiver: Receiver<Message>| perform(|| receiver.recv());
                let putter = Survivor::asleep_in(move || {
                    (sender.send(with_value(3)), sender.send(long(4)), sender.send(short(5)))
                });
                victim(operation, receiver).then(move |_| {
                    // Nobody is left who could make more room.
                    let (_, second, third) = putter.soon("who waits for room")?;
                    let told = |sent| matches!(sent, Err(SendError::Disconnected(_)));
                    ensure(told(second) && told(third), "it is not told of the receiver's end")
                })
            },
        },
        Scenario {
            name: "channel: drop the last sender",
            set: || {
                let (sender, receiver) = channel::<Message>(2).unwrap();
                let reader = Survivor::asleep_in(move || receiver.recv());
                let operation = |sender: Sender<Message>| perform(|| drop(sender));
                victim(operation, sender).then(move |_| {
                    let told = reader.soon("the receiver")?;
                    ensure(matches!(told, Err(RecvError::Disconnected)), "it is told otherwise")
                })
            },
        },
        Scenario {
            name: "channel: drop one of two senders",
            set: || {
                let (sender, receiver) = channel(2).unwrap();
                let operation = |sender: Sender<Message>| perform(|| drop(sender));
                victim(operation, sender.clone()).then(move |death| {
                    let early = receiver.try_recv();
                    ensure(matches!(early, Err(RecvError::Empty)), "one sender is left")?;
                    death.join();
                    sender.send_timeout(long(1), SOON).map_err(|error| error.to_string())?;
                    Ledger::default().enter(receiver.recv_timeout(SOON)).map(drop)
                })
            },
        },
        Scenario {
            name: "channel: drop the last receiver, messages wait",
            set: || {
                let (sender, receiver) = channel(2).unwrap();
                sender.send(with_value(1)).unwrap();
                sender.send(long(2)).unwrap();
                let operation = |receiver: Receiver<Message>| perform(|| drop(receiver));
                let putter = Survivor::asleep_in(move || sender.send(short(3)));
                victim(operation, receiver).then(move |_| {
                    let told = putter.soon("who waits for room")?;
                    ensure(matches!(told, Err(SendError::Disconnected(_))), "it is not told")
                })
            },
        },
        Scenario {
            name: "channel: create, clone, split, drop",
            set: || {
                let operation = || {
                    perform(|| {
                        let (sender, receiver) = channel(2).unwrap();
                        let another = sender.clone();
                        another.send(with_value(1)).unwrap();
                        drop((sender, receiver, another));
                        let halves = Queue::<Message>::bounded(1).unwrap().split();
                        drop(halves);
                    });
                };
                victim(operation, ())
            },
        },
        Scenario {
            name: "channel: send a sender on",
            set: || {
                let (sender, receiver) = channel(2).unwrap();
                let (carrier, arrivals) = channel(2).unwrap();
                let operation = |sender: Sender<Message>, carrier: Sender<Sender<Message>>| {
                    perform(|| carrier.send(sender));
                };
                let reader = Survivor::asleep_in(move || receiver.recv());
                victim(operation, (sender, carrier)).then(move |death| {
                    match arrivals.recv_timeout(SOON) {
                        Ok(sender) => {
                            sender.send(long(1)).map_err(|error| error.to_string())?;
                            Ledger::default().enter(reader.soon("the receiver")?).map(drop)
                        }
                        Err(RecvError::Disconnected) => {
                            ensure(!death.finished, "a sender that was sent is lost")?;
                            let told = reader.soon("the receiver")?;
                            ensure(matches!(told, Err(RecvError::Disconnected)), "it is not told")
                        }
                        Err(error) => Err(error.to_string()),
                    }
                })
            },
        },
    ]
}
