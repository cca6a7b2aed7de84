//! Where a name leads.

use std::fmt::Write;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use super::super::memory::{self, Map, Memory};
use super::mutex::{Gate, Mutex};
use crate::sys::access;

/// The number and the size of the memory, as words; all zero leads nowhere.
const WORDS: usize = 3;
const SIZE: u64 = (WORDS * size_of::<u64>()) as u64;

/// An entry, which is there while somebody has it.
#[derive(Debug)]
pub(super) struct Entry {
    map: Map,
    _memory: Memory,
}

/// A name has more letters than a kernel object's may, so the objects have its hash.
fn hash(name: &str) -> [u8; 32] {
    Sha256::digest(name).into()
}

/// Waits until nobody else is about to change what the name leads to.
pub(super) fn gate(name: &str) -> io::Result<Gate> {
    let mut called = "gate-".to_owned();
    for byte in hash(name) {
        let _ = write!(called, "{byte:02x}");
    }
    Mutex::new(&called)?.into_locked()
}

impl Entry {
    /// The name's entry, which is made if there is none. Called behind the gate.
    pub(super) fn make(name: &str) -> io::Result<Entry> {
        Entry::in_memory(memory::create_or_open(number(name), SIZE)?)
    }

    /// The name's entry, or `NotFound`. Called behind the gate.
    pub(super) fn open(name: &str) -> io::Result<Entry> {
        Entry::in_memory(memory::open(number(name), SIZE)?)
    }

    fn in_memory(memory: Memory) -> io::Result<Entry> {
        Ok(Entry { map: memory::map(&memory, SIZE)?, _memory: memory })
    }

    /// The number of the memory and its size.
    pub(super) fn read(&self) -> (u128, u64) {
        // Relaxed, here and below: the gate is the order.
        let [low, high, size] = [0, 1, 2].map(|at| self.word(at).load(Ordering::Relaxed));
        (u128::from(high) << 64 | u128::from(low), size)
    }

    pub(super) fn write(&self, (id, size): (u128, u64)) {
        for (at, word) in [id as u64, (id >> 64) as u64, size].into_iter().enumerate() {
            self.word(at).store(word, Ordering::Relaxed);
        }
    }

    fn word(&self, at: usize) -> &AtomicU64 {
        access::word(&self.map, at * size_of::<u64>()).expect("an entry's word")
    }
}

/// What the entry's memory is called. No random number comes to be the same.
fn number(name: &str) -> u128 {
    let hash = hash(name);
    u128::from_le_bytes(*hash.first_chunk().expect("sixteen of 32 bytes"))
}
