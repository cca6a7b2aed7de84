//! What the system takes bytes by, which a child has as its standard streams: a pipe each, or what else there is.

use std::io::{self, PipeReader, PipeWriter, Read, Write};

use proc_spawn::{Builder, Failure, Process, Stdio};

use crate::measure::Outcome;
use crate::peer::sys::stdio::streams;
use crate::way::{Ask, Carry};

/// Sends back what comes.
pub(crate) fn echo() -> Result<(), Failure> {
    let (mut input, mut output) = streams()?;
    let mut bytes = [0; 8];
    while input.read_exact(&mut bytes).is_ok() {
        output.write_all(&bytes)?;
    }
    Ok(())
}

/// Takes as many messages as it is told first, answers how many were right, and goes on.
pub(crate) fn sink(size: usize) -> Result<(), Failure> {
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

/// A child that is to have these streams.
pub(crate) fn child(input: impl Into<Stdio>, output: impl Into<Stdio>) -> Builder<Process> {
    Process::builder().daemon(true).stdin(input).stdout(output)
}

/// The other ends of its pipes as well.
fn pipe() -> Outcome<(Builder<Process>, (PipeWriter, PipeReader))> {
    let ((input, to), (from, output)) = (io::pipe()?, io::pipe()?);
    Ok((child(input, output), (to, from)))
}

/// A child that echoes, asked.
pub(crate) fn ask((mut to, mut from): (impl Write + 'static, impl Read + 'static)) -> Ask {
    Box::new(move |number| {
        to.write_all(&number.to_le_bytes())?;
        let mut bytes = [0; 8];
        from.read_exact(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    })
}

/// Messages of that size, to a child that takes them.
pub(crate) fn carry(
    (mut to, mut from): (impl Write + 'static, impl Read + 'static),
    size: usize,
) -> Carry {
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
    let (child, ends) = pipe()?;
    child.spawn(echo, ())?.detach();
    Ok(ask(ends))
}

/// Bytes to a process, through a pipe.
pub fn carry_pipe(size: usize) -> Outcome<Carry> {
    let (child, ends) = pipe()?;
    child.spawn(sink, size)?.detach();
    Ok(carry(ends, size))
}
