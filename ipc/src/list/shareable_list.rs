//! `ShareableList`: a fixed number of small values that other programs find by a name.

use std::fmt;
use std::io;
use std::sync::atomic::{self, AtomicU64, Ordering};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::ListError;
use super::layout::{self, Place, Word};
use super::value::ShareableValue;
use crate::named::{self, SharedMemory};
use crate::sys::access;
use crate::sys::memory::Map;

/// A list of integers, numbers, truths, texts, bytes and nothings, in [`SharedMemory`].
///
/// The number of elements is fixed, and so is the room of each: what its first value needed, rounded up
/// to the next eight bytes. A later value may be of any kind that fits. For more than that use a
/// [`Shared`](crate::Shared) of a type of your own, within one program.
///
/// Setting an element is one step for whoever reads it: they get the old value or the new one. But
/// nothing is ordered between elements, and a value that was read may have changed since. It is not
/// a lock.
///
/// # Process death
///
/// As for [`SharedMemory`]: the list lives until the last handle is gone. A process that dies while it
/// sets an element has set it, or not. A `set` waits while another process sets an element of the
/// same list; so one that is *stopped* (SIGSTOP) in the middle of that holds up others.
///
/// # Examples
///
/// ```
/// use ipc::{ListError, ShareableList, ShareableValue};
///
/// let list = ShareableList::create([ShareableValue::from("text"), 42.into(), None::<i64>.into()])?;
/// let same = ShareableList::attach(list.name())?;
/// same.set(1, 43)?;
/// assert_eq!(list.get(1)?, ShareableValue::Int(43));
/// assert!(matches!(list.set(0, "a longer text"), Err(ListError::TooLong { available: 8, .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ShareableList {
    memory: SharedMemory,
    places: Vec<Place>,
}

/// How often a reader is overtaken by writers before it asks them to wait.
const LOOKS: usize = 16;

impl ShareableList {
    /// A new list of these values, under a name that nobody uses.
    ///
    /// # Errors
    /// `InvalidInput` if a value is of 4 GiB or more; else as [`SharedMemory::create`].
    pub fn create<V: Into<ShareableValue>>(
        values: impl IntoIterator<Item = V>,
    ) -> io::Result<ShareableList> {
        ShareableList::build(None, values.into_iter().map(Into::into).collect())
    }

    /// A new list of these values, under a name.
    ///
    /// # Errors
    /// `InvalidInput` if a value is of 4 GiB or more; else as [`SharedMemory::create_named`].
    pub fn create_named<V: Into<ShareableValue>>(
        name: &str,
        values: impl IntoIterator<Item = V>,
    ) -> io::Result<ShareableList> {
        ShareableList::build(Some(name), values.into_iter().map(Into::into).collect())
    }

    fn build(name: Option<&str>, values: Vec<ShareableValue>) -> io::Result<ShareableList> {
        let capacities = values.iter().map(|value| layout::capacity_for(value.encode().1.len()));
        let plan = capacities.collect::<Option<Vec<_>>>().and_then(|them| layout::plan(&them));
        let too_large = || io::Error::new(io::ErrorKind::InvalidInput, "a value is too large");
        let (places, len) = plan.ok_or_else(too_large)?;
        let memory = named::create(name, len, |map| {
            layout::write(map, &places)?;
            for (place, value) in places.iter().zip(&values) {
                let (kind, bytes) = value.encode();
                replace(map, place, kind, &bytes)?;
            }
            Ok(())
        })?;
        Ok(ShareableList { memory, places })
    }

    /// The list that somebody created under that name.
    ///
    /// # Errors
    /// `InvalidData` if what has that name is no list; else as [`SharedMemory::attach`].
    pub fn attach(name: &str) -> io::Result<ShareableList> {
        ShareableList::over(SharedMemory::attach(name)?).map_err(io::Error::from)
    }

    fn over(memory: SharedMemory) -> Result<ShareableList, ListError> {
        let places = layout::read(memory.map())?;
        Ok(ShareableList { memory, places })
    }

    /// By which others attach.
    pub fn name(&self) -> &str {
        self.memory.name()
    }

    /// How many elements there are. This never changes.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// How many bytes the values of an element can have.
    ///
    /// # Errors
    /// [`OutOfRange`](ListError::OutOfRange).
    pub fn capacity(&self, index: usize) -> Result<usize, ListError> {
        Ok(self.place(index)?.capacity)
    }

    /// The element at `index`.
    ///
    /// # Errors
    /// [`OutOfRange`](ListError::OutOfRange); [`Corrupt`](ListError::Corrupt) if something else than a
    /// list has written to the memory.
    pub fn get(&self, index: usize) -> Result<ShareableValue, ListError> {
        let place = self.place(index)?;
        for _ in 0..LOOKS {
            if let Some(value) = self.look(place)? {
                return Ok(value);
            }
        }
        let _alone = self.memory.segment().exclusive()?;
        let value = self.look(place)?;
        value.ok_or(ListError::Corrupt("an element changes without the lock that it takes"))
    }

    /// Puts a value in place of the element at `index`.
    ///
    /// # Errors
    /// [`OutOfRange`](ListError::OutOfRange); [`TooLong`](ListError::TooLong); the system's own. The
    /// element is as it was then.
    pub fn set(&self, index: usize, value: impl Into<ShareableValue>) -> Result<(), ListError> {
        let place = self.place(index)?;
        let value = value.into();
        let (kind, bytes) = value.encode();
        if bytes.len() > place.capacity {
            return Err(ListError::TooLong { needed: bytes.len(), available: place.capacity });
        }
        let _alone = self.memory.segment().exclusive()?;
        replace(self.memory.map(), place, kind, &bytes)
    }

    /// How many elements are equal to `value` now.
    ///
    /// # Errors
    /// As [`get`](ShareableList::get).
    pub fn count(&self, value: impl Into<ShareableValue>) -> Result<usize, ListError> {
        let value = value.into();
        self.iter().try_fold(0, |count, element| Ok(count + usize::from(element? == value)))
    }

    /// The first element that is equal to `value` now, if there is one.
    ///
    /// # Errors
    /// As [`get`](ShareableList::get).
    pub fn index(&self, value: impl Into<ShareableValue>) -> Result<Option<usize>, ListError> {
        let value = value.into();
        for (index, element) in self.iter().enumerate() {
            if element? == value {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// All elements in their order, each as it is when its turn comes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Result<ShareableValue, ListError>> + '_ {
        (0..self.len()).map(|index| self.get(index))
    }

    /// Lets go of the list, as a drop does. It stays, and keeps its name, as long as somebody else has
    /// it.
    pub fn close(self) {}

    /// Takes the name from the list, see [`SharedMemory::unlink`].
    ///
    /// # Errors
    /// `NotFound` if it has lost its name already.
    pub fn unlink(&self) -> io::Result<()> {
        self.memory.unlink()
    }

    fn place(&self, index: usize) -> Result<&Place, ListError> {
        self.places.get(index).ok_or(ListError::OutOfRange { index, len: self.len() })
    }

    /// The element as it is now; `None` if it was replaced meanwhile.
    fn look(&self, place: &Place) -> Result<Option<ShareableValue>, ListError> {
        let word = word(self.memory.map(), place)?;
        // Acquire pairs with the Release of `replace`: the bytes of this turn are there.
        let bits = word.load(Ordering::Acquire);
        let Word { turn, kind, len } = Word::from_bits(bits);
        let len = len as usize;
        if len > place.capacity {
            return Err(ListError::Corrupt("a value is longer than its room"));
        }
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(len).map_err(io::Error::from)?;
        bytes.resize(len, 0);
        access::read(self.memory.map(), &mut bytes, place.side(turn))?;
        // Acquire pairs with the Release fence of `replace`: if we read a byte of a later turn on our
        // side, the word is seen to have changed.
        atomic::fence(Ordering::Acquire);
        if word.load(Ordering::Relaxed) != bits {
            return Ok(None);
        }
        ShareableValue::decode(kind, bytes).map(Some)
    }
}

/// Puts other bytes in place of an element's. One at a time.
fn replace(map: &Map, place: &Place, kind: u8, bytes: &[u8]) -> Result<(), ListError> {
    let word = word(map, place)?;
    // Acquire pairs with the Release below, of whoever wrote last: so a reader that sees our bytes
    // sees that store too.
    let last = Word::from_bits(word.load(Ordering::Acquire));
    let next = Word { turn: last.turn.wrapping_add(1), kind, len: bytes.len() as u32 };
    // Release pairs with the Acquire fence of `look`.
    atomic::fence(Ordering::Release);
    access::write(map, bytes, place.side(next.turn))?;
    // Release pairs with the Acquire of `look`.
    word.store(next.bits(), Ordering::Release);
    Ok(())
}

fn word<'m>(map: &'m Map, place: &Place) -> Result<&'m AtomicU64, ListError> {
    access::word(map, place.word()).ok_or(ListError::Corrupt("an element lies outside the memory"))
}

impl fmt::Debug for ShareableList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("ShareableList");
        out.field("name", &self.name()).field("len", &self.len()).finish_non_exhaustive()
    }
}

impl Serialize for ShareableList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.memory.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ShareableList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ShareableList, D::Error> {
        let memory = SharedMemory::deserialize(deserializer)?;
        ShareableList::over(memory).map_err(serde::de::Error::custom)
    }
}
