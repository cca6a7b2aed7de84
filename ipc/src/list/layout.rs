//! Where the elements of a list lie.
//!
//! ```text
//! 0    magic number, format, number of elements
//! 32   for each element: where it lies, how many bytes it can have
//! …    for each element: a word, and its bytes twice
//! ```
//!
//! The word says what the value is (kind and length) and on which of the two sides its bytes are. A new
//! value is written to the other side, and becomes the value with one store to the word. So whoever
//! dies in the middle has changed nothing, and whoever reads sees by the word whether it was overtaken.
//!
//! The table is read once, when the list is attached, and checked; what is written to it afterwards
//! matters to nobody.

use super::error::ListError;
use crate::sys::access;
use crate::sys::memory::Map;

/// Where one element lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    offset: usize,
    pub(super) capacity: usize,
}

/// What the word of an element says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    /// How many values there have been before this one, as far as the bits go.
    pub(super) turn: u32,
    pub(super) kind: u8,
    pub(super) len: u32,
}

const MAGIC: u64 = u64::from_le_bytes(*b"tandem\0L");
const FORMAT: u64 = 1;
const HEADER: usize = 32;
const ENTRY: usize = 16;
const WORD: usize = 8;
/// The word counts to this and begins anew: a reader would have to be overtaken so many times in one
/// look to be deceived.
const TURNS: u32 = 1 << 24;

impl Word {
    pub(super) fn from_bits(bits: u64) -> Word {
        Word { turn: (bits >> 40) as u32, kind: (bits >> 32) as u8, len: bits as u32 }
    }

    pub(super) fn bits(self) -> u64 {
        u64::from(self.turn % TURNS) << 40 | u64::from(self.kind) << 32 | u64::from(self.len)
    }
}

impl Place {
    pub(super) fn word(&self) -> usize {
        self.offset
    }

    /// Where the bytes of the value are that has this turn.
    pub(super) fn side(&self, turn: u32) -> usize {
        self.offset + WORD + (turn % 2) as usize * self.capacity
    }

    fn size(capacity: usize) -> Option<usize> {
        capacity.checked_mul(2)?.checked_add(WORD)
    }

    fn end(&self) -> Option<usize> {
        self.offset.checked_add(Place::size(self.capacity)?)
    }
}

/// The room for a value that has `len` bytes: the next multiple of eight, and at least one byte more
/// than it has now [Python's rule].
pub(super) fn capacity_for(len: usize) -> Option<usize> {
    let capacity = (len / 8).checked_add(1)?.checked_mul(8)?;
    u32::try_from(capacity).is_ok().then_some(capacity)
}

/// Places for elements of these capacities, and how many bytes that takes in all. `None` if that is
/// more than there can be.
pub(super) fn plan(capacities: &[usize]) -> Option<(Vec<Place>, usize)> {
    let mut end = capacities.len().checked_mul(ENTRY)?.checked_add(HEADER)?;
    let mut places = Vec::with_capacity(capacities.len());
    for capacity in capacities {
        let place = Place { offset: end, capacity: *capacity };
        end = place.end()?;
        places.push(place);
    }
    Some((places, end))
}

/// Writes the table of a new list.
pub(super) fn write(map: &Map, places: &[Place]) -> std::io::Result<()> {
    let entries = places.iter().flat_map(|place| [place.offset as u64, place.capacity as u64]);
    let words = [MAGIC, FORMAT, places.len() as u64, 0].into_iter().chain(entries);
    let bytes: Vec<u8> = words.flat_map(u64::to_ne_bytes).collect();
    access::write(map, &bytes, 0)
}

/// Reads the table of a list, whatever it is.
pub(super) fn read(map: &Map) -> Result<Vec<Place>, ListError> {
    let no_list = ListError::Corrupt("the memory does not hold a list");
    if map.len() < HEADER {
        return Err(no_list);
    }
    let [magic, format, count] = [0, 8, 16].map(|offset| load(map, offset));
    if magic? != MAGIC as usize || format? != FORMAT as usize {
        return Err(no_list);
    }
    let count = count?;
    let table = count.checked_mul(ENTRY).and_then(|size| size.checked_add(HEADER));
    let table = table.filter(|end| *end <= map.len());
    let table = table.ok_or(ListError::Corrupt("it has more elements than there is memory"))?;
    (0..count).map(|index| read_entry(map, HEADER + index * ENTRY, table)).collect()
}

fn read_entry(map: &Map, at: usize, table: usize) -> Result<Place, ListError> {
    let place = Place { offset: load(map, at)?, capacity: load(map, at + 8)? };
    let inside = place.end().is_some_and(|end| end <= map.len()) && place.offset >= table;
    let aligned = place.offset.is_multiple_of(WORD) && place.capacity.is_multiple_of(WORD);
    if inside && aligned && u32::try_from(place.capacity).is_ok() {
        Ok(place)
    } else {
        Err(ListError::Corrupt("an element is not where one can be"))
    }
}

fn load(map: &Map, offset: usize) -> Result<usize, ListError> {
    let mut bytes = [0; 8];
    access::read(map, &mut bytes, offset)?;
    usize::try_from(u64::from_ne_bytes(bytes))
        .map_err(|_| ListError::Corrupt("it is larger than an address space"))
}

#[cfg(test)]
mod tests {
    use super::{Word, capacity_for};

    #[test]
    fn a_word_keeps_what_it_says() {
        for word in [
            Word { turn: 0, kind: 0, len: 0 },
            Word { turn: (1 << 24) - 1, kind: 255, len: u32::MAX },
            Word { turn: 1, kind: 2, len: 3 },
        ] {
            assert_eq!(Word::from_bits(word.bits()), word);
        }
        let next = Word { turn: 1 << 24, kind: 1, len: 1 };
        assert_eq!(Word::from_bits(next.bits()).turn, 0);
    }

    #[test]
    fn there_is_room_to_the_next_eight_bytes() {
        let rooms = [0, 1, 7, 8, 9, 15, 16].map(|len| capacity_for(len).unwrap());
        assert_eq!(rooms, [8, 8, 8, 16, 16, 16, 24]);
        assert_eq!(capacity_for(usize::MAX), None);
        assert_eq!(capacity_for(u32::MAX as usize), None);
    }
}
