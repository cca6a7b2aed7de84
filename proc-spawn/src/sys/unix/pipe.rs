//! Pipes of which this process has one end.

use std::io::{self, PipeReader, Read};
use std::os::fd::AsFd;
use std::time::Duration;

use crate::sys::Descriptor;

/// Our end and the child's.
pub(crate) fn to_child() -> io::Result<(Descriptor, Descriptor)> {
    let (reader, writer) = io::pipe()?;
    Ok((writer.into(), reader.into()))
}

/// Our end and the child's.
pub(crate) fn from_child() -> io::Result<(Descriptor, Descriptor)> {
    let (reader, writer) = io::pipe()?;
    Ok((reader.into(), writer.into()))
}

/// The end of a pipe that is read without waiting.
#[derive(Debug)]
pub(crate) struct Incoming(PipeReader);

impl Incoming {
    /// With the other end.
    pub(crate) fn new() -> io::Result<(Self, Descriptor)> {
        let (reader, writer) = io::pipe()?;
        Ok((Self(reader), writer.into()))
    }

    /// What is ready when there is something to read, or never will be again.
    pub(crate) fn bell(&self) -> io::Result<Descriptor> {
        self.0.try_clone().map(Descriptor::from)
    }

    /// Reads what is there; none if there is nothing. Zero is the end.
    pub(crate) fn read(&mut self, into: &mut [u8]) -> io::Result<Option<usize>> {
        // Of one pipe there is one reader, so what is there stays.
        match ipc::wait(&[&self.0.as_fd()], Some(Duration::ZERO))?.is_empty() {
            true => Ok(None),
            false => self.0.read(into).map(Some),
        }
    }
}
