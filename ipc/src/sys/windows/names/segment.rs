//! A segment as one process has it, and how it comes by one.

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

use super::super::memory::{self, Map, Memory};
use super::super::object::random;
use super::entry::{self, Entry};
use super::mutex::{Gate, Locked, Mutex};

/// Tells a segment from all others, of any name and at any time: 128 random bits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Id(u128);

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Mapped memory, and this process's share in the life of its name.
#[derive(Debug)]
pub(crate) struct Segment {
    map: Map,
    _memory: Memory,
    id: Id,
    entry: Entry,
    name: String,
    writing: Mutex,
}

/// Memory that is not there for others yet: they wait at the gate.
#[derive(Debug)]
pub(crate) struct Draft {
    segment: Segment,
    size: u64,
    gate: Gate,
}

/// New memory under a name that nobody living uses; else `AlreadyExists`.
pub(crate) fn create(name: &str, len: u64) -> io::Result<Draft> {
    let gate = entry::gate(name)?;
    let entry = Entry::make(name)?;
    if leads_to(&entry)?.is_some() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the name is taken"));
    }
    let id = random()?;
    let memory = memory::create_committed(id, len)?;
    Ok(Draft { segment: Segment::new(memory, Id(id), len, entry, name)?, size: len, gate })
}

/// The memory of that name, if it is there; and only segment `expected`, if one is.
pub(crate) fn attach(name: &str, expected: Option<Id>) -> io::Result<Segment> {
    let _gate = entry::gate(name)?;
    let entry = Entry::open(name).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => gone(),
        _ => error,
    })?;
    let memory = leads_to(&entry)?.ok_or_else(gone)?;
    let (id, size) = entry.read();
    if expected.is_some_and(|expected| expected != Id(id)) {
        let why = "the name leads to other memory by now";
        return Err(io::Error::new(io::ErrorKind::NotFound, why));
    }
    Segment::new(memory, Id(id), size, entry, name)
}

/// The memory that the entry says, if it is there.
fn leads_to(entry: &Entry) -> io::Result<Option<Memory>> {
    let (id, size) = entry.read();
    match memory::open(id, size) {
        Ok(memory) => Ok(Some(memory)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "there is no memory of that name")
}

impl Draft {
    pub(crate) fn map(&self) -> &Map {
        self.segment.map()
    }

    /// Lets others have it.
    pub(crate) fn publish(self) -> io::Result<Segment> {
        let Draft { segment, size, gate } = self;
        segment.entry.write((segment.id.0, size));
        drop(gate);
        Ok(segment)
    }
}

impl Segment {
    fn new(memory: Memory, id: Id, size: u64, entry: Entry, name: &str) -> io::Result<Segment> {
        let map = memory::map(&memory, size)?;
        let writing = Mutex::new(&format!("write-{id:?}"))?;
        Ok(Segment { map, _memory: memory, id, entry, name: name.to_owned(), writing })
    }

    pub(crate) fn map(&self) -> &Map {
        &self.map
    }

    pub(crate) fn id(&self) -> Id {
        self.id
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Removes the name, if it still leads to this memory; else `NotFound`.
    pub(crate) fn unlink(&self) -> io::Result<()> {
        let _gate = entry::gate(&self.name)?;
        // While this process has the entry the name has no other.
        if self.entry.read().0 != self.id.0 {
            return Err(gone());
        }
        self.entry.write((0, 0));
        Ok(())
    }

    /// Waits until nobody else, in any program, is writing. Ends with the death of whoever is.
    pub(crate) fn exclusive(&self) -> io::Result<Exclusive<'_>> {
        self.writing.lock().map(Exclusive)
    }
}

/// The right to write, until dropped.
#[derive(Debug)]
pub(crate) struct Exclusive<'s>(#[expect(dead_code, reason = "held")] Locked<'s>);
