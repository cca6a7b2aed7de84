//! A Unix socket: items as postcard behind their length, one write each.

use std::io::{self, BufReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use crate::measure::{Outcome, Round, Rounds, Task};
use crate::role;
use crate::workload::producer_consumer::{Item, Tally};

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
