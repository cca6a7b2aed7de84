//! A Unix socket: bytes, and items as postcard behind their length, one write each.

use std::io::{self, BufReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Instant;

use proc_spawn::{Builder, Failure, Process};

use crate::measure::{Outcome, Round, Rounds, Task};
use crate::peer::streams::{self, child, echo, sink};
use crate::peer::sys::stdio::streams;
use crate::role;
use crate::way::{Ask, Carry};
use crate::workload::large_array::{self, FILL, look};
use crate::workload::participants::{BOTH_WAYS, SIZE, rounds};
use crate::workload::producer_consumer::{Item, Tally};
use crate::workload::recovery::{self, from_kill, wait_for_death};

pub(crate) fn make(_: &Task) -> Outcome<Rounds> {
    Ok(Box::new(consume))
}

/// Starts a producer and takes what it sends.
fn consume(amount: u64) -> Outcome<Round> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut producer = role::command(role::SOCKET_PRODUCER)?;
    let mut producer = producer.arg(amount.to_string()).stdin(OwnedFd::from(theirs)).spawn()?;
    let mut stream = BufReader::new(ours);
    stream.read_exact(&mut [0])?;

    let start = Instant::now();
    stream.get_mut().write_all(&[1])?;
    let mut tally = Tally::default();
    let mut message = Vec::new();
    loop {
        let mut length = [0; 4];
        stream.read_exact(&mut length)?;
        message.resize(u32::from_le_bytes(length) as usize, 0);
        stream.read_exact(&mut message)?;
        let Some(item) = postcard::from_bytes::<Option<Item>>(&message)? else { break };
        tally.add(&item);
    }
    let round = Round::since(start, tally.answer());
    producer.wait()?;
    Ok(round)
}

/// The producer: its standard input is the socket.
pub(crate) fn produce(arguments: &[String]) -> Outcome<()> {
    let amount = arguments.first().ok_or("the producer is told an amount")?.parse()?;
    let mut stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    stream.write_all(&[1])?;
    stream.read_exact(&mut [0])?;
    let mut message = Vec::new();
    for item in Item::stream(amount) {
        message.resize(4, 0);
        message = postcard::to_extend(&item, message)?;
        let length = u32::try_from(message.len() - 4)?;
        message[..4].copy_from_slice(&length.to_le_bytes());
        stream.write_all(&message)?;
        message.clear();
    }
    Ok(())
}

/// A child with one end, and the other twice: to write to and to read from.
fn socket() -> Outcome<(Builder<Process>, (UnixStream, UnixStream))> {
    let (ours, theirs) = UnixStream::pair()?;
    Ok((child(theirs.try_clone()?, theirs), (ours.try_clone()?, ours)))
}

/// Sends so many messages while it receives as many; gives how many were right.
fn exchange(to: &mut (impl Write + Send), from: &mut impl Read, count: u64) -> io::Result<u64> {
    thread::scope(|scope| {
        let sends = scope.spawn(|| (0..count).try_for_each(|_| to.write_all(&[7; SIZE])));
        let (mut right, mut buffer) = (0, [0; SIZE]);
        for _ in 0..count {
            from.read_exact(&mut buffer)?;
            right += u64::from(buffer[0] == 7);
        }
        sends.join().map_err(|_| io::Error::other("the sender panicked"))??;
        Ok(right)
    })
}

fn partner() -> Result<(), Failure> {
    let ((mut input, mut output), mut count) = (streams()?, [0; 8]);
    while input.read_exact(&mut count).is_ok() {
        let right = exchange(&mut output, &mut input, u64::from_le_bytes(count))?;
        output.write_all(&right.to_le_bytes())?;
    }
    Ok(())
}

/// Looks at arrays, and says what it saw.
fn look_at_arrays(size: usize) -> Result<(), Failure> {
    let ((mut input, mut output), mut array) = (streams()?, vec![0; size]);
    while input.read_exact(&mut array).is_ok() {
        output.write_all(&look(&array).to_le_bytes())?;
    }
    Ok(())
}

/// A process that echoes through a socket.
pub fn ask() -> Outcome<Ask> {
    let (child, ends) = socket()?;
    child.spawn(echo, ())?.detach();
    Ok(streams::ask(ends))
}

/// Bytes to a process, through a socket.
pub fn carry(size: usize) -> Outcome<Carry> {
    let (child, ends) = socket()?;
    child.spawn(sink, size)?.detach();
    Ok(streams::carry(ends, size))
}

/// Messages to a process through a socket, or both ways.
pub(crate) fn pair(task: &Task) -> Outcome<Rounds> {
    if task.point()? != BOTH_WAYS {
        return Ok(rounds(carry(SIZE)?));
    }
    let (child, (mut to, mut from)) = socket()?;
    child.spawn(partner, ())?.detach();
    Ok(rounds(move |count| {
        to.write_all(&count.to_le_bytes())?;
        let right = exchange(&mut to, &mut from, count)?;
        let mut bytes = [0; 8];
        from.read_exact(&mut bytes)?;
        Ok(right.min(u64::from_le_bytes(bytes)))
    }))
}

/// A large array through a socket.
pub(crate) fn large(task: &Task) -> Outcome<Rounds> {
    let size = task.point()? as usize;
    let (child, (mut to, mut from)) = socket()?;
    child.spawn(look_at_arrays, size)?.detach();
    let array = vec![FILL; size];
    large_array::rounds(task, move || {
        to.write_all(&array)?;
        let mut bytes = [0; 8];
        from.read_exact(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    })
}

/// Says that it is there, and waits to be killed.
fn hold() -> Result<(), Failure> {
    streams()?.1.write_all(&[1])?;
    wait_for_death()
}

/// The other end dies while a message is waited for.
pub(crate) fn last_sender(_: &Task) -> Outcome<Rounds> {
    recovery::rounds(|| {
        let (mut ours, theirs) = UnixStream::pair()?;
        let sender =
            Process::builder().daemon(true).stdout(OwnedFd::from(theirs)).spawn(hold, ())?;
        ours.read_exact(&mut [0])?;
        from_kill(sender, || match ours.read(&mut [0])? {
            0 => Ok(()),
            _ => Err("a message came of nobody".into()),
        })
    })
}
