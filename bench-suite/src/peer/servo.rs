//! The crate ipc-channel, which Servo uses.

use std::time::Instant;

use ::ipc_channel::ipc::{self, IpcOneShotServer, IpcReceiver, IpcSender};

use crate::measure::{Outcome, Round, Rounds, Task};
use crate::role;
use crate::workload::producer_consumer::{Item, Tally};

/// What the producer introduces itself with: where its items come from and what lets it go.
type Introduction = (IpcReceiver<Option<Item>>, IpcSender<()>);

pub(crate) fn make(_: &Task) -> Outcome<Rounds> {
    Ok(Box::new(consume))
}

/// Starts a producer and takes what it sends.
fn consume(amount: u64) -> Outcome<Round> {
    let (server, name) = IpcOneShotServer::<Introduction>::new()?;
    let mut producer = role::command(role::IPC_CHANNEL_PRODUCER)?;
    let mut producer = producer.arg(name).arg(amount.to_string()).spawn()?;
    let (_, (items, go)) = server.accept()?;

    let start = Instant::now();
    go.send(())?;
    let mut tally = Tally::default();
    while let Some(item) = items.recv()? {
        tally.add(&item);
    }
    let round = Round::since(start, tally.answer());
    producer.wait()?;
    Ok(round)
}

/// The producer.
pub(crate) fn produce(arguments: &[String]) -> Outcome<()> {
    let [name, amount] = arguments else {
        return Err("the producer is told a name and an amount".into());
    };
    let (sender, items) = ipc::channel()?;
    let (go, gone) = ipc::channel::<()>()?;
    IpcSender::connect(name.clone())?.send((items, go))?;
    gone.recv()?;
    for item in Item::stream(amount.parse()?) {
        sender.send(item)?;
    }
    Ok(())
}
