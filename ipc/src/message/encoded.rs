//! A value on its way out.
#![expect(unsafe_code, reason = "writes the blocks of parcels")]

use std::cell::RefCell;
use std::fmt;

use super::codec::Encoder;
use super::context::{ENCODING, Luggage, Within};
use super::leaving::Leaving;
use crate::error::EncodeError;
use crate::heap::{Contents, HoldId, Kind, ObjectId, Owner, Role, Size, damaged};
use crate::program::Program;

thread_local! {
    /// Memory for the next message, kept from the last.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// More memory than this is not kept from one message for the next. What is not kept, the C library takes from the
/// system anew each time, and its pages cost twenty times what is done with them.
pub(crate) const KEPT: usize = 4 << 20;

/// An encoded value on its way out.
pub(crate) struct Encoded {
    program: &'static Program,
    pub(crate) bytes: Vec<u8>,
    luggage: Luggage,
}

impl Encoded {
    /// Encodes what `write` puts, in private memory.
    #[inline]
    pub(crate) fn new(
        program: &'static Program,
        write: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
    ) -> Result<Encoded, EncodeError> {
        // A thread that is ending may have no buffer any more.
        let buffer = BUFFER.try_with(RefCell::take).unwrap_or_default();
        let mut encoder = Encoder { bytes: buffer };
        encoder.bytes.clear();
        let encoding = Within::enter(&ENCODING, None);
        write(&mut encoder)?;
        let luggage = encoding.take().flatten();
        Ok(Encoded { program, bytes: encoder.bytes, luggage })
    }

    /// Whether the message is bytes and nothing else.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.luggage.is_none()
    }

    /// Whether there is something in the value that must not be in two places.
    #[inline]
    pub(crate) fn is_unique(&self) -> bool {
        self.luggage.as_ref().is_some_and(|handles| !handles.unique.is_empty())
    }

    /// Drops the value that was encoded, so that what is unique in it is in the message alone.
    ///
    /// serde encodes by reference: whoever encoded a unique thing could still have it afterwards, in
    /// an `Arc` for instance, or forget it. So each one must be seen to be dropped, once, while the
    /// value is; then it belongs to the message. Runs the value's own `Drop`.
    pub(crate) fn take_from<T>(&mut self, value: T) -> Result<(), EncodeError> {
        let Some(handles) = self.luggage.as_mut().filter(|handles| !handles.unique.is_empty())
        else {
            drop(value);
            return Ok(());
        };
        let leaving = Leaving::begin(&handles.unique);
        drop(value);
        let (left, kept) = leaving.end();
        // What left the value is this message's from here on, whether it is sent or not.
        handles.holds.extend(left);
        handles.unique.clear();
        if kept { Err(EncodeError::in_use(STILL_ELSEWHERE)) } else { Ok(()) }
    }

    /// Puts the message into a parcel that belongs to `ring`. This process answers for it until a slot
    /// names it.
    pub(crate) fn into_parcel_in(self, ring: ObjectId) -> Result<HoldId, TooLarge> {
        let Program { heap, me, .. } = self.program;
        let (_, parcel) = self.into_parcel()?;
        // Only when it is complete: what belongs to a ring can be released at any time.
        heap.move_hold(parcel, Owner::Process(*me), Owner::Object(ring));
        Ok(parcel)
    }

    /// Puts the message into a parcel of this process.
    pub(crate) fn into_parcel(mut self) -> Result<(ObjectId, HoldId), TooLarge> {
        let Program { heap, me, .. } = self.program;
        let size = Size::of_bytes(self.bytes.len()).ok_or(TooLarge::Message)?;
        let length = self.bytes.len() as u64;
        let contents = Contents { kind: Kind::Parcel, fingerprint: 0, length };
        let parcel = heap
            .allocate(size, contents, Owner::Process(*me), Role::Plain, *me)
            .map_err(TooLarge::Heap)?;
        let block = heap
            .block(parcel.object, 1)
            .and_then(|block| if length > block.size { Err(damaged()) } else { Ok(block) });
        let block = block.map_err(|error| {
            heap.release(parcel.hold, Owner::Process(*me), *me);
            TooLarge::Heap(error)
        })?;
        // SAFETY: within the block, which only this process uses until a slot names the parcel.
        unsafe {
            let start = block.start.as_ptr();
            start.copy_from_nonoverlapping(self.bytes.as_ptr(), self.bytes.len());
        }
        for hold in self.luggage.iter_mut().flat_map(|handles| handles.holds.drain(..)) {
            heap.move_hold(hold, Owner::Process(*me), Owner::Object(parcel.object));
        }
        Ok((parcel.object, parcel.hold))
    }
}

const STILL_ELSEWHERE: &str = "something that can have only one owner is still in use by the sender: \
                               it was encoded but not moved into the message";

impl Drop for Encoded {
    #[inline]
    fn drop(&mut self) {
        if self.bytes.capacity() <= KEPT {
            let buffer = std::mem::take(&mut self.bytes);
            let _ = BUFFER.try_with(|kept| kept.replace(buffer));
        }
    }
}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes.len();
        f.debug_struct("Encoded").field("bytes", &bytes).field("luggage", &self.luggage).finish()
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
