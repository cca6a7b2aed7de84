//! Where a worker writes small results down, for the supervisor to read many at a time.
//!
//! A result is safe as soon as it is in here, whatever becomes of the worker; and to write one costs no
//! message and wakes nobody. Words, after those at the top:
//!
//! ```text
//! bits 0..4     the length in bytes, up to 6, and the bytes are in this word; or 15: they follow
//! bits 4..16    the report's number, so that results here and reports by message keep their order
//! bits 16..64   the bytes, or their length
//! ```
//!
//! The worker alone moves the tail on and the supervisor alone the head. What the supervisor reads it
//! checks, and reads once.

use std::cell::{Cell, RefCell};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use ipc::{Owned, Shared};
use serde::{Deserialize, Serialize};

/// Words for results.
const ROOM: u64 = 16_384;
/// A longer result goes by message.
pub(super) const LONGEST: usize = 512;
/// Bytes in a result's first word.
const SHORT: usize = 6;
const FOLLOWS: u64 = 15;
const NUMBERS: u64 = 1 << 12;

/// Each at the top of a cache line of its own.
const TAIL: usize = 0;
const HEAD: usize = 16;
const RUNG: usize = 32;
const FIRST: usize = 48;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Ledger(Shared<[AtomicU64]>);

impl Ledger {
    pub(super) fn new() -> io::Result<Ledger> {
        Ok(Ledger(Owned::<[AtomicU64]>::zeroed(FIRST + ROOM as usize)?.freeze()))
    }

    fn word(&self, position: u64) -> &AtomicU64 {
        &self.0[FIRST + (position % ROOM) as usize]
    }

    /// There is something to read. Says whether the supervisor has to be told.
    pub(super) fn ring(&self) -> bool {
        // AcqRel pairs with the swap in `answer`: either that one comes later and sees what was
        // written, or this one sees that the supervisor has looked, and tells it again.
        self.0[RUNG].swap(1, Ordering::AcqRel) == 0
    }

    /// The supervisor is about to look.
    pub(super) fn answer(&self) {
        // AcqRel pairs with the swap in `ring`.
        self.0[RUNG].swap(0, Ordering::AcqRel);
    }
}

/// The worker's side.
#[derive(Debug)]
pub(super) struct Pen {
    ledger: Ledger,
    tail: Cell<u64>,
    /// Where the head was when it was looked at last.
    head: Cell<u64>,
    /// Where the tail was when the supervisor was told last.
    told: Cell<u64>,
    buffer: RefCell<Box<[u8; LONGEST]>>,
}

impl Pen {
    pub(super) fn new(ledger: Ledger) -> Pen {
        let (tail, head, told) = (Cell::new(0), Cell::new(0), Cell::new(0));
        Pen { ledger, tail, head, told, buffer: RefCell::new(Box::new([0; LONGEST])) }
    }

    /// Writes a result down, under the number of its report. Not if it is too long or there is no room
    /// for it, nor if it cannot be written or is more than bytes: then it is for a message to find out.
    pub(super) fn write<R: Serialize>(&self, number: u64, result: &R) -> bool {
        // The result's own code runs here, but has no way to this.
        let mut buffer = self.buffer.borrow_mut();
        match postcard::to_slice(result, &mut buffer[..]) {
            Ok(bytes) => self.write_bytes(number, bytes),
            Err(_) => false,
        }
    }

    fn write_bytes(&self, number: u64, bytes: &[u8]) -> bool {
        let short = bytes.len() <= SHORT;
        let words = if short { 1 } else { 1 + bytes.len().div_ceil(8) as u64 };
        let tail = self.tail.get();
        if tail + words - self.head.get() > ROOM {
            // Acquire pairs with the Release in `Reader::release`: what is written over was read.
            self.head.set(self.ledger.0[HEAD].load(Ordering::Acquire));
            if (tail + words).wrapping_sub(self.head.get()) > ROOM {
                return false;
            }
        }
        let number = (number % NUMBERS) << 4;
        let store = |position, word| self.ledger.word(position).store(word, Ordering::Relaxed);
        if short {
            store(tail, word_of(bytes) << 16 | number | bytes.len() as u64);
        } else {
            store(tail, (bytes.len() as u64) << 16 | number | FOLLOWS);
            for (position, bytes) in (tail + 1..).zip(bytes.chunks(8)) {
                store(position, word_of(bytes));
            }
        }
        self.tail.set(tail + words);
        // Release pairs with the Acquire in `Reader::read`: whoever sees the tail sees the words.
        self.ledger.0[TAIL].store(tail + words, Ordering::Release);
        true
    }

    /// Whether the supervisor has to be told of what was written; of little only if it is `urgent`.
    pub(super) fn has_news(&self, urgent: bool) -> bool {
        let untold = self.tail.get() - self.told.get();
        if untold == 0 || !urgent && untold < ROOM / 2 {
            return false;
        }
        self.told.set(self.tail.get());
        self.ledger.ring()
    }
}

fn word_of(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

/// The supervisor's side.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(super) ledger: Ledger,
    head: u64,
    /// Where the tail was when it was looked at last.
    tail: u64,
}

impl Reader {
    pub(super) fn new(ledger: Ledger) -> Reader {
        Reader { ledger, head: 0, tail: 0 }
    }

    /// Takes the result whose report has this number, if it is the next one here.
    pub(super) fn read<'b>(
        &mut self,
        number: u64,
        buffer: &'b mut [u8; LONGEST],
    ) -> Option<&'b [u8]> {
        if self.head == self.tail {
            // Acquire pairs with the Release in `Pen::write_bytes`.
            self.tail = self.ledger.0[TAIL].load(Ordering::Acquire);
            if self.head == self.tail {
                return None;
            }
        }
        let load = |position| self.ledger.word(position).load(Ordering::Relaxed);
        let first = load(self.head);
        if first >> 4 & (NUMBERS - 1) != number % NUMBERS {
            return None;
        }
        let (words, length) = match first & 15 {
            FOLLOWS => {
                let length = usize::try_from(first >> 16).ok().filter(|it| *it <= LONGEST)?;
                for (position, part) in (self.head + 1..).zip(buffer[..length].chunks_mut(8)) {
                    part.copy_from_slice(&load(position).to_le_bytes()[..part.len()]);
                }
                (1 + length.div_ceil(8) as u64, length)
            }
            length => {
                let length = (length as usize).min(SHORT);
                buffer[..8].copy_from_slice(&(first >> 16).to_le_bytes());
                (1, length)
            }
        };
        if self.tail - self.head < words {
            // The worker writes no such thing.
            return None;
        }
        self.head += words;
        Some(&buffer[..length])
    }

    /// Passes over so many results, as far as they are here, from the report of that number on. Says how
    /// many there were.
    pub(super) fn skip(&mut self, most: usize, number: u64) -> usize {
        let mut buffer = [0; LONGEST];
        (number..).take(most).take_while(|number| self.read(*number, &mut buffer).is_some()).count()
    }

    /// The worker may write over what was read.
    pub(super) fn release(&self) {
        // Release pairs with the Acquire in `Pen::write_bytes`.
        self.ledger.0[HEAD].store(self.head, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Ledger, Pen, ROOM, Reader};

    fn pair() -> (Pen, Reader) {
        let ledger = Ledger::new().expect("shared memory");
        (Pen::new(ledger.clone()), Reader::new(ledger))
    }

    fn take(reader: &mut Reader, number: u64) -> Option<Vec<u8>> {
        reader.read(number, &mut [0; LONGEST]).map(<[u8]>::to_vec)
    }

    #[test]
    fn results_of_all_lengths_are_read_as_they_were_written() {
        let (pen, mut reader) = pair();
        let mut number = 0;
        for _ in 0..20 {
            for length in (0..40).chain([100, LONGEST - 2]) {
                let text = "x".repeat(length);
                assert!(pen.write(number, &text), "{length}");
                let bytes = take(&mut reader, number).expect("it is there");
                assert_eq!(postcard::from_bytes::<String>(&bytes), Ok(text));
                reader.release();
                number += 1;
            }
        }
        assert_eq!(take(&mut reader, number), None);
        assert!(!pen.write(number, &"x".repeat(LONGEST)), "too long");
    }

    #[test]
    fn a_result_waits_for_the_reports_before_it() {
        let (pen, mut reader) = pair();
        assert!(pen.write(0, &1_u8) && pen.write(2, &3_u8));
        assert_eq!(take(&mut reader, 0), Some(vec![1]));
        assert_eq!(take(&mut reader, 1), None, "that one comes by message");
        assert_eq!(take(&mut reader, 2), Some(vec![3]));
    }

    #[test]
    fn what_nobody_wants_is_passed_over_as_far_as_it_is_here() {
        let (pen, mut reader) = pair();
        for number in [0, 1, 2, 3, 5] {
            assert!(pen.write(number, &number));
        }
        assert_eq!(reader.skip(2, 0), 2);
        assert_eq!(take(&mut reader, 2), Some(vec![2]));
        assert_eq!(reader.skip(9, 3), 1, "the next one comes by message");
        assert_eq!(reader.skip(9, 5), 1);
    }

    #[test]
    fn nothing_is_written_over_before_it_was_read() {
        let (pen, mut reader) = pair();
        let written = (0..).take_while(|number| pen.write(*number, &(*number as u8))).count();
        assert_eq!(written as u64, ROOM);
        for number in 0..ROOM {
            assert_eq!(take(&mut reader, number), Some(vec![number as u8]));
        }
        assert!(!pen.write(ROOM, &0_u8), "nobody has said that it was read");
        reader.release();
        assert!(pen.write(ROOM, &0_u8));
    }

    #[test]
    fn the_supervisor_is_told_once_until_it_looks() {
        let (pen, reader) = pair();
        assert!(!pen.has_news(true), "there are none");
        assert!(pen.write(0, &0_u8) && !pen.has_news(false), "there are few");
        assert!(pen.has_news(true) && !pen.has_news(true));
        assert!(pen.write(1, &0_u8) && !pen.has_news(true), "it has not looked");
        reader.ledger.answer();
        assert!(pen.write(2, &0_u8) && pen.has_news(true));
    }
}
