//! The bytes of a stream as loom's cells, one for each word.
#![expect(unsafe_code, reason = "loom checks every access to its cells")]

use std::mem::MaybeUninit;

use loom::sync::Arc;

use super::primitive::Cell;

const WORD: usize = 8;

#[derive(Clone)]
pub(super) struct Bytes(Arc<Vec<Cell<[u8; WORD]>>>);

impl Bytes {
    pub(super) fn new(words: usize) -> Bytes {
        Bytes(Arc::new((0..words).map(|_| Cell::new([0; WORD])).collect()))
    }

    fn word(&self, at: u64) -> &Cell<[u8; WORD]> {
        assert!(at.is_multiple_of(WORD as u64), "chunks begin at words");
        &self.0[at as usize / WORD % self.0.len()]
    }

    pub(super) unsafe fn copy_in(&self, at: u64, from: &[u8]) {
        for (at, part) in (at..).step_by(WORD).zip(from.chunks(WORD)) {
            // SAFETY: loom checks it.
            self.word(at)
                .with_mut(|word| unsafe { (&mut *word)[..part.len()].copy_from_slice(part) });
        }
    }

    pub(super) unsafe fn copy_out(&self, at: u64, into: &mut [MaybeUninit<u8>]) {
        for (at, part) in (at..).step_by(WORD).zip(into.chunks_mut(WORD)) {
            // SAFETY: loom checks it.
            let word = self.word(at).with(|word| unsafe { *word });
            part.iter_mut().zip(word).for_each(|(to, byte)| *to = MaybeUninit::new(byte));
        }
    }
}
