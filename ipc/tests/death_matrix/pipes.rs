//! Operations on pipes.
#![expect(unreachable_pub, reason = "a test has no public interface")]

use ipc::{Connection, RecvError, SendError, pipe};
use proc_spawn::{Call, CapturesNothing};

use crate::messages::{Ledger, Message, long, short, with_value};
use crate::stage::{Scenario, Stage, perform, victim};
use crate::stepping::{Survivor, ensure};

/// A victim that sends one message to a survivor.
fn send<F, M: 'static>(operation: F) -> Stage
where
    F: Call<Connection<Message, ()>, M, Output = ()> + CapturesNothing,
{
    let (mut here, there) = pipe::<(), Message>().unwrap();
    let reader = Survivor::asleep_in(move || (here.recv(), here.recv()));
    victim(operation, there).then(move |death| {
        let (first, second) = reader.soon("the receiver")?;
        ensure(matches!(second, Err(RecvError::Disconnected)), "a second message comes")?;
        if matches!(first, Err(RecvError::Disconnected)) {
            return ensure(!death.finished, "a message that was sent is lost");
        }
        Ledger::default().enter(first).map(drop)
    })
}

/// A victim that receives one of two messages. The sender has to be told of its end.
fn receive(message: fn(u64) -> Message) -> Stage {
    let (mut here, there) = pipe::<Message, ()>().unwrap();
    [1, 2].into_iter().for_each(|number| here.send(message(number)).unwrap());
    let operation = |mut there: Connection<(), Message>| perform(|| there.recv());
    victim(operation, there).then(move |death| {
        let told = Survivor::started_in(move || here.recv()).soon("who waits for an answer")?;
        ensure(matches!(told, Err(RecvError::Disconnected)), "it is told otherwise")?;
        death.join();
        Ok(())
    })
}

/// More than goes in one piece.
const MUCH: usize = 100_000;

pub fn all() -> Vec<Scenario> {
    vec![
        Scenario {
            name: "pipe: send",
            set: || {
                send(|mut there: Connection<Message, ()>| {
                    let message = short(1);
                    perform(|| there.send(message));
                })
            },
        },
        Scenario {
            name: "pipe: send a handle",
            set: || {
                send(|mut there: Connection<Message, ()>| {
                    let message = with_value(1);
                    perform(|| there.send(message));
                })
            },
        },
        Scenario {
            name: "pipe: send bytes in pieces",
            set: || {
                let (mut here, there) = pipe::<(), ()>().unwrap();
                let reader = Survivor::asleep_in(move || (here.recv_bytes(), here.recv_bytes()));
                let operation = |mut there: Connection<(), ()>| {
                    let bytes = vec![7; MUCH];
                    perform(|| there.send_bytes(&bytes));
                };
                victim(operation, there).then(move |death| {
                    let (first, second) = reader.soon("the receiver")?;
                    ensure(matches!(second, Err(RecvError::Disconnected)), "more bytes come")?;
                    match first {
                        Ok(bytes) => ensure(bytes == vec![7; MUCH], "the bytes are not whole"),
                        Err(RecvError::Disconnected) => ensure(!death.finished, "bytes are lost"),
                        Err(error) => Err(error.to_string()),
                    }
                })
            },
        },
        Scenario { name: "pipe: receive", set: || receive(short) },
        Scenario { name: "pipe: receive a handle", set: || receive(with_value) },
        Scenario { name: "pipe: receive a parcel", set: || receive(long) },
        Scenario {
            name: "pipe: receive when nothing is there",
            set: || {
                let (here, there) = pipe::<Message, Message>().unwrap();
                let (mut sender, mut receiver) = here.split();
                let operation = |mut there: Connection<Message, Message>| perform(|| there.recv());
                let reader = Survivor::asleep_in(move || receiver.recv());
                victim(operation, there)
                    .unblocked_by(move || {
                        let sent = sender.send(with_value(1));
                        assert!(matches!(sent, Ok(()) | Err(SendError::Disconnected(_))));
                    })
                    .then(move |_| {
                        let told = reader.soon("who waits for an answer")?;
                        ensure(matches!(told, Err(RecvError::Disconnected)), "it is not told")
                    })
            },
        },
        Scenario {
            name: "pipe: drop an end",
            set: || {
                let (mut here, there) = pipe::<Message, Message>().unwrap();
                here.send(with_value(1)).unwrap();
                let operation = |there: Connection<Message, Message>| perform(|| drop(there));
                let reader = Survivor::asleep_in(move || here.recv());
                victim(operation, there).then(move |_| {
                    let told = reader.soon("who waits for an answer")?;
                    ensure(matches!(told, Err(RecvError::Disconnected)), "it is told otherwise")
                })
            },
        },
        Scenario {
            name: "pipe: create, send, split, drop",
            set: || {
                let operation = || {
                    perform(|| {
                        let (mut one, other) = pipe::<Message, Message>().unwrap();
                        one.send(with_value(1)).unwrap();
                        drop((one.split(), other));
                    });
                };
                victim(operation, ())
            },
        },
    ]
}
