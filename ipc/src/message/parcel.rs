//! Messages in the heap, before they are sent and after they are received.
#![expect(unsafe_code, reason = "reads the blocks of parcels")]

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::{Decoder, Encoder, one};
use super::context::{DECODING, Within};
use super::draft::TooLarge;
use super::encoded::Encoded;
use crate::error::{DecodeError, EncodeError};
use crate::handle::Hold;
use crate::program::Program;

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
        let mut encoded = Encoded::new(program, |encoder| write(encoder, &value))?;
        encoded.take_from(value)?;
        match encoded.into_parcel() {
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
        let block = heap.block(object, 1).map_err(DecodeError::new)?;
        let length = heap.length(object).min(block.size) as usize;
        // SAFETY: within the block. The sender is done with it and it belongs to this process now;
        // the processes of a program trust each other not to write where they have no business.
        let bytes = unsafe { std::slice::from_raw_parts(block.start.as_ptr(), length) };
        let _decoding = Within::enter(&DECODING, object);
        read(&mut Decoder { rest: bytes })
    }
}
