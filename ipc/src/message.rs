//! Messages: values as bytes, with the handles in them as holds.
//!
//! A value is first encoded into private memory. A handle in it becomes a new hold, which this
//! process has until the message is on its way; then the message's parcel has it. A receiver can
//! redeem it once, from that parcel, and what it does not redeem is released with the parcel.
#![expect(unsafe_code, reason = "reads and writes the blocks of parcels")]

use std::cell::RefCell;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{DecodeError, EncodeError};
use crate::handle::Hold;
use crate::heap::{Contents, HoldId, Kind, ObjectId, Owner, Role, Size};
use crate::program::Program;

/// An encoded value on its way out.
pub(crate) struct Encoded {
    program: &'static Program,
    pub(crate) bytes: Vec<u8>,
    /// New holds of this process, one for each handle in the value.
    holds: Vec<HoldId>,
    /// Holds of the value's own, of things that there is only one handle to. They become the message's
    /// when the value has been dropped.
    unique: Vec<HoldId>,
}

/// The handles of the message that a thread is encoding.
#[derive(Debug, Default)]
struct Handles {
    holds: Vec<HoldId>,
    unique: Vec<HoldId>,
}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bytes, handles) = (self.bytes.len(), self.holds.len());
        f.debug_struct("Encoded").field("bytes", &bytes).field("handles", &handles).finish()
    }
}

thread_local! {
    /// The message that this thread is encoding: handles put their holds here.
    static ENCODING: RefCell<Option<Handles>> = const { RefCell::new(None) };
    /// The parcel that this thread is decoding: handles redeem their holds from it.
    static DECODING: RefCell<Option<ObjectId>> = const { RefCell::new(None) };
    /// Why a handle was refused: postcard's errors have no room for it.
    static REFUSAL: RefCell<Option<String>> = const { RefCell::new(None) };
    /// Unique things whose values this thread is dropping, and whether they were dropped yet.
    static LEAVING: RefCell<Vec<(HoldId, bool)>> = const { RefCell::new(Vec::new()) };
    /// Memory for the next message, kept from the last.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// More than this is not kept for the next message.
const BUFFER_KEPT: usize = 64 << 10;

/// Puts a value into a thread's place for as long as a call lasts; calls nest (a value's own serde
/// code may send a message) and may panic.
struct Within<T: 'static> {
    place: &'static std::thread::LocalKey<RefCell<Option<T>>>,
    outer: Option<T>,
}

impl<T> Within<T> {
    fn enter(place: &'static std::thread::LocalKey<RefCell<Option<T>>>, value: T) -> Within<T> {
        let outer = place.with_borrow_mut(|current| current.replace(value));
        Within { place, outer }
    }

    fn take(&self) -> Option<T> {
        self.place.with_borrow_mut(Option::take)
    }
}

impl<T> Drop for Within<T> {
    fn drop(&mut self) {
        let outer = self.outer.take();
        self.place.with_borrow_mut(|current| *current = outer);
    }
}

/// Writes values one after the other into one message.
#[derive(Debug)]
pub struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    /// Adds a value.
    ///
    /// # Errors
    /// The value's serde code failed. The message cannot be used any more.
    pub fn put<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let bytes = std::mem::take(&mut self.bytes);
        REFUSAL.take();
        self.bytes = postcard::to_extend(value, bytes).map_err(|error| {
            REFUSAL.take().map_or_else(|| EncodeError::new(error), EncodeError::new)
        })?;
        Ok(())
    }
}

/// Reads the values of one message one after the other, in the order and of the types in which they
/// were put.
#[derive(Debug)]
pub struct Decoder<'m> {
    rest: &'m [u8],
}

impl Decoder<'_> {
    /// Takes the next value.
    ///
    /// # Errors
    /// The bytes are no such value, or the value's serde code failed.
    pub fn take<T: DeserializeOwned>(&mut self) -> Result<T, DecodeError> {
        REFUSAL.take();
        let (value, rest) = postcard::take_from_bytes(self.rest).map_err(|error| {
            REFUSAL.take().map_or_else(|| DecodeError::new(error), DecodeError::new)
        })?;
        self.rest = rest;
        Ok(value)
    }

    fn all<T: DeserializeOwned>(&mut self) -> Result<T, DecodeError> {
        let value = self.take()?;
        if self.rest.is_empty() { Ok(value) } else { Err(DecodeError::trailing(self.rest.len())) }
    }
}

impl Encoded {
    /// Encodes what `write` puts, in private memory.
    pub(crate) fn new(
        program: &'static Program,
        write: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
    ) -> Result<Encoded, EncodeError> {
        let mut encoder = Encoder { bytes: BUFFER.take() };
        encoder.bytes.clear();
        let encoding = Within::enter(&ENCODING, Handles::default());
        let written = write(&mut encoder);
        let Handles { holds, unique } = encoding.take().unwrap_or_default();
        drop(encoding);
        // Made before the check, so that the holds are released also when the encoding failed.
        let encoded = Encoded { program, bytes: encoder.bytes, holds, unique };
        written.map(|()| encoded)
    }

    /// Whether the message is bytes and nothing else.
    pub(crate) fn is_plain(&self) -> bool {
        self.holds.is_empty() && self.unique.is_empty()
    }

    /// Whether there is something in the value that must not be in two places.
    pub(crate) fn is_unique(&self) -> bool {
        !self.unique.is_empty()
    }

    /// Drops the value that was encoded, so that what is unique in it is in the message alone.
    ///
    /// serde encodes by reference: whoever encoded a unique thing could still have it afterwards, in
    /// an `Arc` for instance, or forget it. So each one must be seen to be dropped, once, while the
    /// value is; then it belongs to the message. Runs the value's own `Drop`.
    pub(crate) fn take_from<T>(&mut self, value: T) -> Result<(), EncodeError> {
        if self.unique.is_empty() {
            drop(value);
            return Ok(());
        }
        let leaving = Leaving::begin(&self.unique);
        drop(value);
        let (left, kept) = leaving.end();
        // What left the value is this message's from here on, whether it is sent or not.
        self.holds.extend(left);
        self.unique.clear();
        if kept { Err(EncodeError::new(STILL_ELSEWHERE)) } else { Ok(()) }
    }

    /// Puts the message into a parcel that `owner` has. This process answers for it until a slot
    /// names it.
    pub(crate) fn into_parcel(mut self, owner: Owner) -> Result<(ObjectId, HoldId), TooLarge> {
        let Program { heap, me, .. } = self.program;
        let size = Size::of_bytes(self.bytes.len()).ok_or(TooLarge::Message)?;
        let length = self.bytes.len() as u64;
        let contents = Contents { kind: Kind::Parcel, fingerprint: 0, length };
        let parcel =
            heap.allocate(size, contents, owner, Role::Plain, *me).map_err(TooLarge::Heap)?;
        let (offset, room) = heap.block(parcel.object);
        assert!(length <= room, "the block was made for this message");
        // SAFETY: within the block, which only this process uses until a slot names the parcel.
        unsafe {
            let block = heap.at(offset, room, 1).as_ptr();
            block.copy_from_nonoverlapping(self.bytes.as_ptr(), self.bytes.len());
        }
        for hold in self.holds.drain(..) {
            heap.move_hold(hold, Owner::Process(*me), Owner::Object(parcel.object));
        }
        Ok((parcel.object, parcel.hold))
    }
}

const STILL_ELSEWHERE: &str = "something that can have only one owner is still in use by the sender: \
                               it was encoded but not moved into the message";

/// Watches the unique things of a message being dropped along with its value.
struct Leaving {
    start: usize,
}

impl Leaving {
    fn begin(unique: &[HoldId]) -> Leaving {
        LEAVING.with_borrow_mut(|leaving| {
            let start = leaving.len();
            leaving.extend(unique.iter().map(|hold| (*hold, false)));
            Leaving { start }
        })
    }

    /// Those that left the value, and whether some did not.
    fn end(self) -> (Vec<HoldId>, bool) {
        let mine: Vec<_> = LEAVING.with_borrow_mut(|leaving| leaving.drain(self.start..).collect());
        std::mem::forget(self);
        let kept = mine.iter().any(|(_, left)| !left);
        (mine.into_iter().filter_map(|(hold, left)| left.then_some(hold)).collect(), kept)
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        // The value's `Drop` panicked. What had left it by then stays with this process, unused.
        LEAVING.with_borrow_mut(|leaving| leaving.truncate(self.start));
    }
}

/// Called when a unique thing is dropped: whether it moves into a message, and so must not be released.
pub(crate) fn leaves(hold: HoldId) -> bool {
    LEAVING.with_borrow_mut(|leaving| {
        let found = leaving.iter_mut().rev().find(|(one, left)| *one == hold && !*left);
        found.map(|(_, left)| *left = true).is_some()
    })
}

impl Drop for Encoded {
    fn drop(&mut self) {
        let Program { heap, me, .. } = self.program;
        for hold in self.holds.drain(..) {
            heap.release(hold, Owner::Process(*me), *me);
        }
        if self.bytes.capacity() <= BUFFER_KEPT {
            BUFFER.set(std::mem::take(&mut self.bytes));
        }
    }
}

/// Why a message got no parcel.
#[derive(Debug)]
pub(crate) enum TooLarge {
    /// No block is as large as the message.
    Message,
    /// The heap is full.
    Heap(std::io::Error),
}

/// The largest message there can be, in bytes.
pub(crate) const LARGEST: usize = 1 << 38;

/// Reads a message that carries no handles.
pub(crate) fn decode_plain<V>(
    bytes: &[u8],
    read: impl FnOnce(&mut Decoder<'_>) -> Result<V, DecodeError>,
) -> Result<V, DecodeError> {
    // None of the handles of a parcel that this thread is decoding further up is this message's.
    let _decoding = Within::enter(&DECODING, ObjectId::NONE);
    read(&mut Decoder { rest: bytes })
}

/// Reads the one value of a message.
pub(crate) fn one<T: DeserializeOwned>(decoder: &mut Decoder<'_>) -> Result<T, DecodeError> {
    decoder.all()
}

/// A message in the heap that belongs to this process: an encoded value, with the handles in it.
/// Dropping it releases them.
#[derive(Debug)]
pub struct Parcel(Hold);

impl Parcel {
    /// Encodes a value, which moves into the parcel.
    ///
    /// # Errors
    /// The value's serde code failed, the heap is full, or something in the value that can have only one
    /// owner is still in use elsewhere.
    pub fn encode<T: Serialize>(value: T) -> Result<Parcel, EncodeError> {
        Parcel::encode_with(value, |encoder, value| encoder.put(value))
    }

    /// Encodes what `write` makes of `value`, which moves into the parcel.
    ///
    /// # Errors
    /// As [`encode`](Parcel::encode), and what `write` returns.
    pub fn encode_with<T>(
        value: T,
        write: impl FnOnce(&mut Encoder, &T) -> Result<(), EncodeError>,
    ) -> Result<Parcel, EncodeError> {
        let program = Program::current().map_err(EncodeError::new)?;
        let owner = Owner::Process(program.me);
        let mut encoded = Encoded::new(program, |encoder| write(encoder, &value))?;
        encoded.take_from(value)?;
        match encoded.into_parcel(owner) {
            Ok((object, hold)) => Ok(Parcel(Hold::new(program, hold, object))),
            Err(TooLarge::Message) => Err(EncodeError::new("the value is larger than any block")),
            Err(TooLarge::Heap(error)) => Err(EncodeError::new(error)),
        }
    }

    pub(crate) fn from_hold(hold: Hold) -> Parcel {
        Parcel(hold)
    }

    pub(crate) fn into_hold(self) -> Hold {
        self.0
    }

    /// Decodes the value; the handles in it are redeemed.
    ///
    /// # Errors
    /// The bytes are no such value, or the value's serde code failed.
    pub fn decode<T: DeserializeOwned>(self) -> Result<T, DecodeError> {
        self.decode_with(one)
    }

    /// Decodes what `read` takes, which may be less than the whole; the handles in that are redeemed.
    ///
    /// # Errors
    /// As [`decode`](Parcel::decode), and what `read` returns.
    pub fn decode_with<V>(
        self,
        read: impl FnOnce(&mut Decoder<'_>) -> Result<V, DecodeError>,
    ) -> Result<V, DecodeError> {
        let heap = &self.0.program().heap;
        let object = self.0.object();
        let (offset, room) = heap.block(object);
        let length = heap.length(object).min(room) as usize;
        // SAFETY: within the block. The sender is done with it and it belongs to this process now;
        // the processes of a program trust each other not to write where they have no business.
        let bytes =
            unsafe { std::slice::from_raw_parts(heap.at(offset, room, 1).as_ptr(), length) };
        let _decoding = Within::enter(&DECODING, object);
        read(&mut Decoder { rest: bytes })
    }
}

/// Adds a hold on `object` to the message that this thread is encoding. `None` if it encodes none.
pub(crate) fn send_along(
    program: &'static Program,
    object: ObjectId,
    role: Role,
) -> Option<std::io::Result<HoldId>> {
    ENCODING.with_borrow_mut(|current| {
        let handles = current.as_mut()?;
        let hold = program.heap.add_hold(object, Owner::Process(program.me), role);
        Some(hold.inspect(|hold| handles.holds.push(*hold)))
    })
}

/// Puts a hold that nobody else has into the message that this thread is encoding. `None` if it
/// encodes none, `false` if the hold is in the message already.
pub(crate) fn move_along(hold: HoldId) -> Option<bool> {
    ENCODING.with_borrow_mut(|current| {
        let unique = &mut current.as_mut()?.unique;
        let first = !unique.contains(&hold);
        if first {
            unique.push(hold);
        }
        Some(first)
    })
}

/// Keeps the reason why a handle is refused, for the error of the message.
pub(crate) fn refuse(why: String) -> String {
    REFUSAL.set(Some(why.clone()));
    why
}

/// The parcel that this thread is decoding.
pub(crate) fn current_parcel() -> Option<ObjectId> {
    DECODING.with_borrow(|current| *current)
}
