//! The process table: who belongs to the program.
//!
//! ```text
//! word 0   state (8) | keeps (8) | unused (16) | generation (32)
//! word 1   process id of the system (32) | who started it (32)
//! word 2   first hold
//! word 3   length of the name
//! word 4…  the name, at most 64 bytes
//! ```

use std::io;

use super::hold::{self, Owner};
use super::layout::{self, MAX_PROCESSES, ProcessId, header};
use super::map::Heap;
use super::object::{halves, join};
use super::transaction::Transaction;
use super::trim;

const NAME_WORDS: u64 = 8;
/// Longer names are cut.
const NAME_LEN: usize = NAME_WORDS as usize * 8;

/// Where a process is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The place is free.
    Free = 0,
    /// Kept by a parent for a child that has not come yet.
    Reserved = 1,
    /// It has joined; whether it still lives, its life mark tells.
    Joined = 2,
}

/// What the table says of a process.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) id: ProcessId,
    pub(crate) state: State,
    /// Its keeper runs: it notices the end of others.
    pub(crate) keeps: bool,
    pub(crate) parent: Option<ProcessId>,
    pub(crate) name: String,
}

/// A process to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewProcess<'a> {
    pub(crate) parent: Option<ProcessId>,
    pub(crate) name: &'a str,
}

/// Where the first hold of a process is written.
pub(super) fn holds(process: ProcessId) -> u64 {
    layout::process(process.slot()) + 16
}

/// Set in word 0 of a process whose keeper runs.
const KEEPS: u64 = 1 << 8;

fn unpack(word: u64) -> (State, u32) {
    let state = match word as u8 {
        0 => State::Free,
        1 => State::Reserved,
        // Any other is damage: then the place is nobody else's at least.
        _ => State::Joined,
    };
    (state, halves(word).1)
}

impl Heap {
    /// The byte of the heap's file that a process marks while it lives.
    pub(crate) fn life_byte(process: ProcessId) -> u64 {
        layout::process(process.slot())
    }

    /// Keeps a place in the table for a process to come.
    pub(crate) fn reserve(&self, new: NewProcess<'_>) -> io::Result<ProcessId> {
        let mut tx = Transaction::begin(self);
        let used = (tx.read(header::PROCESSES) as u32).min(MAX_PROCESSES);
        let free = |slot: &u32| unpack(tx.read(layout::process(*slot))).0 == State::Free;
        let slot = (0..used).find(free).unwrap_or(used);
        if slot >= MAX_PROCESSES {
            let why = format!("a program can have {MAX_PROCESSES} processes at a time, not more");
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, why));
        }
        let at = layout::process(slot);
        let generation = ProcessId::next_generation(unpack(tx.read(at)).1);
        let id = ProcessId::new(slot, generation);
        tx.write(header::PROCESSES, used.max(slot + 1).into());
        tx.write(at, State::Reserved as u64 | u64::from(generation) << 32);
        tx.write(at + 8, join(0, new.parent.map_or(0, ProcessId::raw)));
        tx.write(at + 16, 0);
        let end =
            (0..=new.name.len().min(NAME_LEN)).rev().find(|end| new.name.is_char_boundary(*end));
        let name = &new.name.as_bytes()[..end.unwrap_or(0)];
        tx.write(at + 24, name.len() as u64);
        for (index, chunk) in name.chunks(8).enumerate() {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            tx.write(at + 32 + index as u64 * 8, u64::from_le_bytes(word));
        }
        tx.commit();
        Ok(id)
    }

    /// The reserved process is here. `false` if its place was given up meanwhile.
    pub(crate) fn join(&self, process: ProcessId, pid: u32) -> bool {
        let mut tx = Transaction::begin(self);
        let at = layout::process(process.slot());
        if unpack(tx.read(at)) != (State::Reserved, process.generation()) {
            return false;
        }
        // In this order: see `life_of`.
        tx.update(at + 8, |word| join(pid, halves(word).1));
        tx.write(at, State::Joined as u64 | u64::from(process.generation()) << 32);
        tx.commit();
        true
    }

    /// The keeper of the process runs from now on.
    pub(crate) fn set_keeps(&self, process: ProcessId) {
        let mut tx = Transaction::begin(self);
        tx.update(layout::process(process.slot()), |word| word | KEEPS);
        tx.commit();
    }

    /// Frees the place of a process that is gone and whose holds are released. `false` if it still
    /// has holds; `true` also if its place was freed before.
    pub(crate) fn vacate(&self, process: ProcessId) -> bool {
        let mut tx = Transaction::begin(self);
        let at = layout::process(process.slot());
        if unpack(tx.read(at)).1 != process.generation() {
            return true;
        }
        if hold::first(&tx, Owner::Process(process)).is_some() {
            return false;
        }
        tx.write(at, State::Free as u64 | u64::from(process.generation()) << 32);
        trim::end_of(&mut tx, process);
        tx.commit();
        true
    }

    /// Hands the children of a process that is gone to its own parent.
    pub(crate) fn hand_on_children(&self, process: ProcessId) {
        let heir = self.process(process).and_then(|entry| entry.parent);
        let everybody = self.processes().into_iter();
        for child in everybody.filter(|entry| entry.parent == Some(process)) {
            let mut tx = Transaction::begin(self);
            let at = layout::process(child.id.slot()) + 8;
            if halves(tx.read(at)).1 == process.raw() {
                tx.update(at, |word| join(halves(word).0, heir.map_or(0, ProcessId::raw)));
                tx.commit();
            }
        }
    }

    /// What the table says of `process`; `None` once its place is free or another's.
    pub(crate) fn process(&self, process: ProcessId) -> Option<Entry> {
        let tx = Transaction::begin(self);
        read(&tx, process.slot()).filter(|entry| entry.id == process)
    }

    /// Where `process` is in its life, and its id for the system once it has joined; `None` once its place is
    /// free or another's, of which one looks again. Does without the lock: whoever waits for that asks whether
    /// its owner lives.
    pub(crate) fn life_of(&self, process: ProcessId) -> Option<(State, u32)> {
        let at = layout::process(process.slot());
        let (state, generation) = unpack(self.load(at));
        let is_there = state != State::Free && generation == process.generation();
        is_there.then(|| (state, halves(self.load(at + 8)).0))
    }

    /// Every process in the table.
    pub(crate) fn processes(&self) -> Vec<Entry> {
        let tx = Transaction::begin(self);
        let used = (tx.read(header::PROCESSES) as u32).min(MAX_PROCESSES);
        (0..used).filter_map(|slot| read(&tx, slot)).collect()
    }
}

fn read(tx: &Transaction<'_>, slot: u32) -> Option<Entry> {
    let at = layout::process(slot);
    let (state, generation) = unpack(tx.read(at));
    if state == State::Free {
        return None;
    }
    let (_, parent) = halves(tx.read(at + 8));
    let words = (0..NAME_WORDS).map(|index| tx.read(at + 32 + index * 8));
    let mut name: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
    name.truncate(tx.read(at + 24) as usize);
    Some(Entry {
        id: ProcessId::new(slot, generation),
        state,
        keeps: tx.read(at) & KEEPS != 0,
        parent: ProcessId::from_raw(parent),
        name: String::from_utf8_lossy(&name).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Heap, NewProcess, State};
    use crate::heap::hostile::watched;
    use crate::heap::transaction::Transaction;

    #[test]
    fn whether_a_process_lives_is_told_while_somebody_has_the_lock() {
        watched(|| {
            let heap = Heap::create().expect("a heap");
            let new = || heap.reserve(NewProcess { parent: None, name: "" }).expect("a place");
            let (one, other) = (new(), new());
            assert!(heap.join(one, 77));
            let held = Transaction::begin(&heap);
            assert_eq!(heap.life_of(one), Some((State::Joined, 77)));
            assert_eq!(heap.life_of(other).map(|(state, _)| state), Some(State::Reserved));
            drop(held);
            assert!(heap.vacate(one));
            assert_eq!(heap.life_of(one), None);
            let next = new();
            assert_eq!((next.slot(), heap.life_of(one)), (one.slot(), None));
        });
    }
}
