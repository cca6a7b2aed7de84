//! A value on its way out.

use std::cell::RefCell;
use std::fmt;

use super::codec::Encoder;
use super::context::{ENCODING, Luggage, Within};
use super::draft::{Draft, TooLarge};
use super::leaving::Leaving;
use crate::error::EncodeError;
use crate::heap::{HoldId, ObjectId, Owner};
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
    bytes: Vec<u8>,
    draft: Option<Box<Result<Draft, TooLarge>>>,
    luggage: Luggage,
}

impl Encoded {
    /// Encodes what `write` puts.
    #[inline]
    pub(crate) fn new(
        program: &'static Program,
        write: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
    ) -> Result<Encoded, EncodeError> {
        // A thread that is ending may have no buffer any more.
        let buffer = BUFFER.try_with(RefCell::take).unwrap_or_default();
        let mut encoder = Encoder::new(buffer, Some(program));
        let encoding = Within::enter(&ENCODING, None);
        write(&mut encoder)?;
        let luggage = encoding.take().flatten();
        Ok(Encoded { program, bytes: encoder.bytes, draft: encoder.draft, luggage })
    }

    /// The message, if all of it is in private memory.
    #[inline]
    pub(crate) fn in_private(&self) -> Option<&[u8]> {
        self.draft.is_none().then_some(&self.bytes)
    }

    /// The message, wherever it is.
    #[inline]
    pub(crate) fn bytes(&mut self) -> Result<&[u8], TooLarge> {
        if self.draft.is_none() { Ok(&self.bytes) } else { self.drafted() }
    }

    fn drafted(&mut self) -> Result<&[u8], TooLarge> {
        if let Some(Err(error)) = self.draft.take_if(|draft| draft.is_err()).map(|failed| *failed) {
            return Err(error);
        }
        let Some(Ok(draft)) = self.draft.as_deref_mut() else { return Ok(&self.bytes) };
        draft.append(&self.bytes)?;
        self.bytes.clear();
        Ok(draft.written())
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
        let draft = match self.draft.take() {
            Some(draft) => *draft,
            None => Draft::begin(self.program, self.bytes.len()),
        };
        let mut draft = draft?;
        draft.append(&self.bytes)?;
        let (object, hold) = draft.finish();
        for hold in self.luggage.iter_mut().flat_map(|handles| handles.holds.drain(..)) {
            heap.move_hold(hold, Owner::Process(*me), Owner::Object(object));
        }
        Ok((object, hold))
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
        f.debug_struct("Encoded")
            .field("bytes", &self.bytes.len())
            .field("draft", &self.draft)
            .field("luggage", &self.luggage)
            .finish()
    }
}

/// The largest message there can be, in bytes.
pub(crate) const LARGEST: usize = 1 << 38;
