//! What memory is called between processes: an address means nothing to another one.

use core::ops::Range;
use std::sync::{PoisonError, RwLock};

/// The registered ranges of this process, and the number by which every process knows each.
static NAMES: RwLock<Vec<(Range<usize>, u128)>> = RwLock::new(Vec::new());

/// A word, as every process knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) memory: u128,
    pub(super) offset: usize,
}

/// Lets threads of all processes sleep on the words in `range`.
pub(crate) fn name_memory(range: Range<usize>, name: u128) {
    NAMES.write().unwrap_or_else(PoisonError::into_inner).push((range, name));
}

/// Ends what [`name_memory`] began.
pub(crate) fn forget_memory(range: &Range<usize>) {
    NAMES.write().unwrap_or_else(PoisonError::into_inner).retain(|(known, _)| known != range);
}

/// Where a word is; `None` in memory that has no name.
pub(super) fn place(address: usize) -> Option<Place> {
    let names = NAMES.read().unwrap_or_else(PoisonError::into_inner);
    let (range, memory) = names.iter().find(|(range, _)| range.contains(&address))?;
    Some(Place { memory: *memory, offset: address - range.start })
}
