//! The crate ipc-channel, which Servo uses.

use std::thread;
use std::time::Instant;

use ::ipc_channel::IpcError;
use ::ipc_channel::ipc::{
    self, IpcBytesSender, IpcOneShotServer, IpcReceiver, IpcSender, IpcSharedMemory,
};
use proc_spawn::{Failure, Process};
use serde_bytes::{ByteArray, ByteBuf};

use crate::measure::{Outcome, Round, Rounds, Task};
use crate::role;
use crate::way::{Ask, Carry};
use crate::workload::large_array::{self, FILL, look};
use crate::workload::participants::{self, SIZE};
use crate::workload::producer_consumer::{Item, Tally};
use crate::workload::recovery::{self, LARGE, from_kill, wait_for_death};

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

/// The two ends that whoever echoes introduces itself with.
type Echo = (IpcSender<u64>, IpcReceiver<u64>);

fn echo(name: String) -> Result<(), Failure> {
    let ((to_us, from_them), (to_them, from_us)) = (ipc::channel()?, ipc::channel()?);
    IpcSender::<Echo>::connect(name)?.send((to_us, from_us))?;
    while let Ok(number) = from_them.recv() {
        to_them.send(number)?;
    }
    Ok(())
}

/// A process that echoes.
pub fn ask() -> Outcome<Ask> {
    let (server, name) = IpcOneShotServer::<Echo>::new()?;
    Process::builder().daemon(true).spawn(echo, name)?.detach();
    let (_, (sender, receiver)) = server.accept()?;
    Ok(Box::new(move |number| {
        sender.send(number)?;
        Ok(receiver.recv()?)
    }))
}

/// What whoever takes bytes introduces itself with: where to send how many there will be, and they
/// themselves, and where it says how many came.
type Sink = (IpcSender<u64>, IpcBytesSender, IpcReceiver<u64>);

fn sink(name: String, size: usize) -> Result<(), Failure> {
    let ((count, counts), (to_them, from_us)) = (ipc::channel()?, ipc::channel()?);
    let (messages, from_them) = ipc::bytes_channel()?;
    IpcSender::<Sink>::connect(name)?.send((count, messages, from_us))?;
    while let Ok(count) = counts.recv() {
        let mut whole: u64 = 0;
        for _ in 0..count {
            whole += u64::from(from_them.recv()?.len() == size);
        }
        to_them.send(whole)?;
    }
    Ok(())
}

/// Bytes to a process.
pub fn carry(size: usize) -> Outcome<Carry> {
    let (server, name) = IpcOneShotServer::<Sink>::new()?;
    Process::builder().daemon(true).spawn(sink, (name, size))?.detach();
    let (_, (count, messages, arrived)) = server.accept()?;
    let message = vec![7; size];
    Ok(Box::new(move |times| {
        count.send(times)?;
        for _ in 0..times {
            messages.send(&message)?;
        }
        Ok(arrived.recv()?)
    }))
}

type Small = ByteArray<SIZE>;
/// What a sender introduces itself with: where to say how many are to be sent, and whither.
type Crowd = (IpcSender<u64>, IpcSender<IpcSender<Small>>);

fn send_small(name: String) -> Result<(), Failure> {
    let ((order, orders), (whither, told)) = (ipc::channel()?, ipc::channel()?);
    IpcSender::<Crowd>::connect(name)?.send((order, whither))?;
    let to = told.recv()?;
    while let Ok(count) = orders.recv() {
        for _ in 0..count {
            to.send(Small::new([7; SIZE]))?;
        }
    }
    Ok(())
}

/// Messages from some processes to this one.
pub(crate) fn crowd(task: &Task) -> Outcome<Rounds> {
    let (senders, _) = participants::crowd(task);
    let (to, from) = ipc::channel::<Small>()?;
    let mut send = Vec::new();
    for _ in 0..senders {
        let (server, name) = IpcOneShotServer::<Crowd>::new()?;
        Process::builder().daemon(true).spawn(send_small, name)?.detach();
        let (_, (order, whither)) = server.accept()?;
        whither.send(to.clone())?;
        send.push(order);
    }
    Ok(participants::rounds(move |count| {
        send.iter().try_for_each(|order| order.send(count / senders))?;
        Ok((0..count).filter(|_| from.recv().is_ok_and(|one| one[0] == 7)).count() as u64)
    }))
}

/// Where whoever looks at arrays gets them, and says what it saw.
type Looks = (IpcSender<IpcSharedMemory>, IpcReceiver<u64>);

fn look_at_shared(name: String) -> Result<(), Failure> {
    let ((to_them, from_us), (to_us, from_them)) = (ipc::channel()?, ipc::channel()?);
    IpcSender::<Looks>::connect(name)?.send((to_them, from_them))?;
    while let Ok(array) = from_us.recv() {
        to_us.send(look(&array))?;
    }
    Ok(())
}

/// An array in its shared memory.
pub(crate) fn large(task: &Task) -> Outcome<Rounds> {
    let array = IpcSharedMemory::from_byte(FILL, task.point()? as usize);
    let (server, name) = IpcOneShotServer::<Looks>::new()?;
    Process::builder().daemon(true).spawn(look_at_shared, name)?.detach();
    let (_, (arrays, sums)) = server.accept()?;
    large_array::rounds(task, move || {
        arrays.send(array.clone())?;
        Ok(sums.recv()?)
    })
}

/// What whoever is to die introduces itself with: what it sends.
type Doomed = IpcReceiver<ByteBuf>;

/// Says that it is there by its first message, and sends no more.
fn send_one(name: String) -> Result<(), Failure> {
    let (messages, from_them) = ipc::channel()?;
    IpcSender::<Doomed>::connect(name)?.send(from_them)?;
    messages.send(ByteBuf::new())?;
    wait_for_death()
}

/// The last sender dies while a message is waited for.
pub(crate) fn last_sender(_: &Task) -> Outcome<Rounds> {
    recovery::rounds(|| {
        let (server, name) = IpcOneShotServer::<Doomed>::new()?;
        let sender = Process::builder().daemon(true).spawn(send_one, name)?;
        let (_, messages) = server.accept()?;
        messages.recv()?;
        from_kill(sender, || match messages.recv() {
            Ok(_) => Err("a message came of nobody".into()),
            Err(_) => Ok(()),
        })
    })
}

/// Where a sender that is to die is told whither to send.
type Whither = IpcSender<IpcSender<ByteBuf>>;

fn send_without_end(name: String) -> Result<(), Failure> {
    let (whither, told) = ipc::channel()?;
    IpcSender::<Whither>::connect(name)?.send(whither)?;
    let messages = told.recv()?;
    loop {
        messages.send(ByteBuf::from(vec![0; LARGE]))?;
    }
}

/// One of two senders dies as it sends.
pub(crate) fn sender(_: &Task) -> Outcome<Rounds> {
    recovery::rounds(|| {
        let (to, messages) = ipc::channel::<ByteBuf>()?;
        let (server, name) = IpcOneShotServer::<Whither>::new()?;
        let sender = Process::builder().daemon(true).spawn(send_without_end, name)?;
        server.accept()?.1.send(to.clone())?;
        // When it has sent one it is about the next.
        messages.recv()?;
        let mut other = None;
        let latency = from_kill(sender, || {
            let to = to.clone();
            other = Some(thread::spawn(move || to.send(ByteBuf::from(vec![1]))));
            loop {
                match messages.recv() {
                    Ok(message) if message.len() < LARGE => return Ok(()),
                    // Half a message is told as the end, which it is not: there is a sender here.
                    Ok(_) | Err(IpcError::Disconnected) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        })?;
        if let Some(other) = other {
            other.join().map_err(|_| "the other sender panicked")??;
        }
        Ok(latency)
    })
}
