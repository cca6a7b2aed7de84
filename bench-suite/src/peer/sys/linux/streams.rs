//! The system's pipes and sockets, which a child has as its standard streams.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::thread;

use proc_spawn::{Failure, Process};

use crate::measure::{Outcome, Rounds, Task};
use crate::way::{Ask, Carry};
use crate::workload::large_array::{self, FILL, look};
use crate::workload::participants::{BOTH_WAYS, SIZE, rounds};
use crate::workload::recovery::{self, from_kill, wait_for_death};

/// The standard streams as they are, without a buffer.
fn streams() -> io::Result<(File, File)> {
    let (input, output) = (io::stdin(), io::stdout());
    let own = |fd: BorrowedFd<'_>| fd.try_clone_to_owned().map(File::from);
    Ok((own(input.as_fd())?, own(output.as_fd())?))
}

fn echo() -> Result<(), Failure> {
    let (mut input, mut output) = streams()?;
    let mut bytes = [0; 8];
    while input.read_exact(&mut bytes).is_ok() {
        output.write_all(&bytes)?;
    }
    Ok(())
}

/// Takes as many messages as it is told first, answers how many were right, and goes on.
fn sink(size: usize) -> Result<(), Failure> {
    let (mut input, mut output) = streams()?;
    let (mut count, mut buffer) = ([0; 8], vec![0; size]);
    while input.read_exact(&mut count).is_ok() {
        let mut right: u64 = 0;
        for _ in 0..u64::from_le_bytes(count) {
            input.read_exact(&mut buffer)?;
            right += u64::from(buffer[0] == 7);
        }
        output.write_all(&right.to_le_bytes())?;
    }
    Ok(())
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

/// What a child is to do with its streams: echo, take messages of that size, exchange some, or look at
/// arrays of that size.
enum Part {
    Echo,
    Sink(usize),
    Partner,
    Look(usize),
}

fn start(part: Part, input: OwnedFd, output: OwnedFd) -> Outcome<()> {
    let child = Process::builder().daemon(true).stdin(input).stdout(output);
    match part {
        Part::Echo => child.spawn(echo, ())?.detach(),
        Part::Sink(size) => child.spawn(sink, size)?.detach(),
        Part::Partner => child.spawn(partner, ())?.detach(),
        Part::Look(size) => child.spawn(look_at_arrays, size)?.detach(),
    }
    Ok(())
}

fn pipe(part: Part) -> Outcome<(PipeWriter, PipeReader)> {
    let ((input, to), (from, output)) = (io::pipe()?, io::pipe()?);
    start(part, input.into(), output.into())?;
    Ok((to, from))
}

fn socket(part: Part) -> Outcome<(UnixStream, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    start(part, theirs.try_clone()?.into(), theirs.into())?;
    Ok((ours.try_clone()?, ours))
}

fn ask((mut to, mut from): (impl Write + 'static, impl Read + 'static)) -> Ask {
    Box::new(move |number| {
        to.write_all(&number.to_le_bytes())?;
        let mut bytes = [0; 8];
        from.read_exact(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    })
}

fn carry((mut to, mut from): (impl Write + 'static, impl Read + 'static), size: usize) -> Carry {
    let message = vec![7; size];
    Box::new(move |times| {
        to.write_all(&times.to_le_bytes())?;
        for _ in 0..times {
            to.write_all(&message)?;
        }
        let mut bytes = [0; 8];
        from.read_exact(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    })
}

/// A process that echoes through two pipes.
pub fn ask_pipe() -> Outcome<Ask> {
    Ok(ask(pipe(Part::Echo)?))
}

/// A process that echoes through a socket.
pub fn ask_socket() -> Outcome<Ask> {
    Ok(ask(socket(Part::Echo)?))
}

/// Bytes to a process, through a pipe.
pub fn carry_pipe(size: usize) -> Outcome<Carry> {
    Ok(carry(pipe(Part::Sink(size))?, size))
}

/// Bytes to a process, through a socket.
pub fn carry_socket(size: usize) -> Outcome<Carry> {
    Ok(carry(socket(Part::Sink(size))?, size))
}

/// Messages to a process through a socket, or both ways.
pub(crate) fn pair(task: &Task) -> Outcome<Rounds> {
    if task.point()? != BOTH_WAYS {
        return Ok(rounds(carry_socket(SIZE)?));
    }
    let (mut to, mut from) = socket(Part::Partner)?;
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
    let (mut to, mut from) = socket(Part::Look(size))?;
    let array = vec![FILL; size];
    large_array::rounds(task, move || {
        to.write_all(&array)?;
        let mut bytes = [0; 8];
        from.read_exact(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    })
}

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
