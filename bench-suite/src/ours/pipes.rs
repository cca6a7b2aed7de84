//! `pipe`.

use std::thread;

use ipc::{Connection, RecvHalf, SendHalf, pipe};
use proc_spawn::Process;

use crate::measure::{Outcome, Rounds, Task};
use crate::way::{Ask, Carry};
use crate::workload::participants::{BOTH_WAYS, SIZE, rounds};

fn echo(mut connection: Connection<u64, u64>) {
    while let Ok(number) = connection.recv() {
        if connection.send(number).is_err() {
            return;
        }
    }
}

/// A process that echoes.
pub fn ask() -> Outcome<Ask> {
    let (mut here, there) = pipe::<u64, u64>()?;
    Process::builder().daemon(true).spawn(echo, there)?.detach();
    Ok(Box::new(move |number| {
        here.send(number)?;
        Ok(here.recv()?)
    }))
}

/// Takes as many messages as the first of them says, answers how many were whole, and goes on.
fn sink(mut connection: Connection<(), ()>, size: usize) {
    let mut buffer = vec![0; size.max(8)];
    let mut next = move || -> Option<()> {
        connection.recv_bytes_into(&mut buffer).ok()?;
        let count = u64::from_le_bytes(*buffer.first_chunk()?);
        let mut whole: u64 = 0;
        for _ in 0..count {
            whole += u64::from(connection.recv_bytes_into(&mut buffer).ok()? == size);
        }
        connection.send_bytes(&whole.to_le_bytes()).ok()
    };
    while next().is_some() {}
}

/// Bytes to a process.
pub fn carry(size: usize) -> Outcome<Carry> {
    let (mut here, there) = pipe::<(), ()>()?;
    Process::builder().daemon(true).spawn(sink, (there, size))?.detach();
    let message = vec![7; size];
    Ok(Box::new(move |times| {
        here.send_bytes(&times.to_le_bytes())?;
        for _ in 0..times {
            here.send_bytes(&message)?;
        }
        let answer = here.recv_bytes()?;
        Ok(u64::from_le_bytes(*answer.first_chunk().ok_or("half an answer")?))
    }))
}

/// Sends so many messages while it receives as many; gives how many came whole.
fn exchange(send: &mut SendHalf<()>, recv: &mut RecvHalf<()>, count: u64) -> Outcome<u64> {
    thread::scope(|scope| {
        let sends = scope.spawn(|| (0..count).try_for_each(|_| send.send_bytes(&[7; SIZE])));
        let mut whole = 0;
        for _ in 0..count {
            whole += u64::from(recv.recv_bytes()?.len() == SIZE);
        }
        sends.join().map_err(|_| "the sender panicked")??;
        Ok(whole)
    })
}

fn partner(connection: Connection<(), ()>) {
    let (mut send, mut recv) = connection.split();
    let mut next = move || -> Option<()> {
        let count = u64::from_le_bytes(*recv.recv_bytes().ok()?.first_chunk()?);
        let whole = exchange(&mut send, &mut recv, count).ok()?;
        send.send_bytes(&whole.to_le_bytes()).ok()
    };
    while next().is_some() {}
}

/// Messages to a process, or both ways.
pub(crate) fn pair(task: &Task) -> Outcome<Rounds> {
    if task.point()? != BOTH_WAYS {
        return Ok(rounds(carry(SIZE)?));
    }
    let (here, there) = pipe::<(), ()>()?;
    Process::builder().daemon(true).spawn(partner, there)?.detach();
    let (mut send, mut recv) = here.split();
    Ok(rounds(move |count| {
        send.send_bytes(&count.to_le_bytes())?;
        let here = exchange(&mut send, &mut recv, count)?;
        let there = u64::from_le_bytes(*recv.recv_bytes()?.first_chunk().ok_or("half an answer")?);
        Ok(here.min(there))
    }))
}
