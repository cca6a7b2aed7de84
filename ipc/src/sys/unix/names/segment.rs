//! A segment as one process has it, and how it comes by one.

use std::fs::File;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Id;
use super::gate::{self, Gate, Locked, gone};
use super::lock::{self, Mode, WRITE};
use crate::sys::memory::{self, Map, Memory};
use crate::sys::names::{holder, random};

/// Mapped memory and this process's share in the life of its name. The order of the fields is that in
/// which they are let go: the name dies after the memory is free.
#[derive(Debug)]
pub(crate) struct Segment {
    map: Map,
    /// What others open.
    _memory: Memory,
    id: Id,
    locked: Locked,
    name: Leftover,
    /// Parts the threads of this process where the lock on the file is one for all of them.
    writing: Mutex<()>,
}

/// Memory that is not there for others yet: they wait at the gate.
#[derive(Debug)]
pub(crate) struct Draft {
    map: Map,
    memory: Memory,
    id: Id,
    gate: Gate,
    name: Leftover,
}

/// Removes the name's file when dropped, if nobody has the memory any more. It is a courtesy: the next
/// use of any name would do it.
#[derive(Debug)]
struct Leftover(String);

impl Drop for Leftover {
    fn drop(&mut self) {
        let _ = gate::reap(self.0.as_ref());
    }
}

/// New memory under a name that nobody living uses; else `AlreadyExists`.
pub(crate) fn create(name: &str, len: u64) -> io::Result<Draft> {
    gate::reap_all();
    // Before the gate, so that it is dropped after it.
    let leftover = Leftover(name.to_owned());
    let gate = Gate::make(name.as_ref())?;
    if !gate.is_dead()? {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the name is taken"));
    }
    holder::bury(&gate.locked.file)?;
    let id = Id(random()?);
    let memory = holder::create(&gate.locked.file, id, len)?;
    let map = memory::map(&memory, len)?;
    Ok(Draft { map, memory, id, gate, name: leftover })
}

/// The memory of that name, if it is there; and only segment `expected`, if one is.
pub(crate) fn attach(name: &str, expected: Option<Id>) -> io::Result<Segment> {
    gate::reap_all();
    let leftover = Leftover(name.to_owned());
    let gate = Gate::enter(name.as_ref())?;
    if gate.is_dead()? {
        return Err(gone());
    }
    let record = holder::read(&gate.locked.file)?;
    if expected.is_some_and(|expected| expected != record.id) {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "the name leads to other memory by now",
        ));
    }
    // From here on the name cannot die. Should the last holder have died just before this, the memory
    // is not found, and the name dies as we let go of it.
    gate.live()?;
    let memory = holder::reach(&record, &gate.locked.file)?;
    let map = memory::map(&memory, memory::sealed_size(&memory)?)?;
    Draft { map, memory, id: record.id, gate, name: leftover }.publish()
}

impl Draft {
    pub(crate) fn map(&self) -> &Map {
        &self.map
    }

    /// Lets others have it.
    pub(crate) fn publish(self) -> io::Result<Segment> {
        // Should this fail, they are let go in the opposite order of these names.
        let Draft { name, gate, id, memory, map } = self;
        let file = &gate.locked.file;
        holder::announce(file, &memory)?;
        gate.live()?;
        let locked = gate.leave()?;
        Ok(Segment { map, _memory: memory, id, locked, name, writing: Mutex::new(()) })
    }
}

impl Segment {
    pub(crate) fn map(&self) -> &Map {
        &self.map
    }

    pub(crate) fn id(&self) -> Id {
        self.id
    }

    pub(crate) fn name(&self) -> &str {
        &self.name.0
    }

    /// Removes the name, if it still leads to this memory; else `NotFound`.
    pub(crate) fn unlink(&self) -> io::Result<()> {
        gate::reap_all();
        let gate = Gate::enter(self.name().as_ref())?;
        if !gate.is(&self.locked.file.metadata()?)? {
            return Err(gone());
        }
        gate.remove()
    }

    /// Waits until nobody else, in any program, is writing. Ends with the death of whoever is.
    pub(crate) fn exclusive(&self) -> io::Result<Exclusive<'_>> {
        let own = holder::open_again(&self.locked.file);
        let alone = || self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let thread = own.is_none().then(alone);
        lock::lock(own.as_ref().unwrap_or(&self.locked.file), WRITE, Mode::Exclusive)?;
        Ok(Exclusive { segment: self, own, _thread: thread })
    }
}

/// The right to write, until dropped.
#[derive(Debug)]
pub(crate) struct Exclusive<'s> {
    segment: &'s Segment,
    /// What has the lock, if it is not what the segment has open. Of that a child of a plain fork has a copy: it would have the
    /// lock as well, and keep it when this process dies with it.
    own: Option<File>,
    _thread: Option<MutexGuard<'s, ()>>,
}

impl Drop for Exclusive<'_> {
    fn drop(&mut self) {
        // Cannot fail for a lock that is ours; and all of them go with what is open.
        let _ = lock::unlock(self.own.as_ref().unwrap_or(&self.segment.locked.file), WRITE);
    }
}
