//! Bytes one way, and the copy that is the least it can cost.

use std::hint::black_box;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use ipc::{Connection, pipe};
use proc_spawn::{Failure, Process};

use crate::streams::streams;
use crate::{Outcome, Work, timed};

/// Takes so many bytes messages as the first of them says, answers, and goes on.
fn sink(mut connection: Connection<(), ()>, size: usize) {
    let mut buffer = vec![0; size.max(8)];
    let mut next = move || -> Option<()> {
        connection.recv_bytes_into(&mut buffer).ok()?;
        let count = u64::from_le_bytes(*buffer.first_chunk()?);
        (0..count).try_for_each(|_| connection.recv_bytes_into(&mut buffer).ok().map(drop))?;
        connection.send_bytes(&[1]).ok()
    };
    while next().is_some() {}
}

pub(crate) fn bytes_through_pipe(size: usize) -> Outcome<Work> {
    let (mut here, there) = pipe::<(), ()>()?;
    Process::builder().daemon(true).spawn(sink, (there, size))?.detach();
    let message = vec![7; size];
    Ok(Box::new(move |times| {
        timed(|| {
            here.send_bytes(&times.to_le_bytes())?;
            for _ in 0..times {
                here.send_bytes(&message)?;
            }
            here.recv_bytes()?;
            Ok(())
        })
    }))
}

fn sink_stream(size: usize) -> Result<(), Failure> {
    let (mut input, mut output) = streams()?;
    let (mut count, mut buffer) = ([0; 8], vec![0; size]);
    while input.read_exact(&mut count).is_ok() {
        for _ in 0..u64::from_le_bytes(count) {
            input.read_exact(&mut buffer)?;
        }
        output.write_all(&[1])?;
    }
    Ok(())
}

pub(crate) fn bytes_through_socket(size: usize) -> Outcome<Work> {
    let (mut ours, theirs) = UnixStream::pair()?;
    let (input, output) = (OwnedFd::from(theirs.try_clone()?), OwnedFd::from(theirs));
    let child = Process::builder().daemon(true).stdin(input).stdout(output);
    child.spawn(sink_stream, size)?.detach();
    let message = vec![7; size];
    Ok(Box::new(move |times| {
        timed(|| {
            ours.write_all(&times.to_le_bytes())?;
            for _ in 0..times {
                ours.write_all(&message)?;
            }
            Ok(ours.read_exact(&mut [0])?)
        })
    }))
}

pub(crate) fn copied(size: usize) -> Work {
    let (from, mut to) = (vec![7u8; size], vec![0u8; size]);
    Box::new(move |times| {
        timed(|| {
            (0..times).for_each(|_| black_box(&mut to).copy_from_slice(black_box(&from)));
            Ok(())
        })
    })
}
