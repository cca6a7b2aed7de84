//! Values to bytes and back.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::context::{DECODING, Within, take_refusal};
use crate::error::{DecodeError, EncodeError};
use crate::heap::ObjectId;

/// Writes values one after the other into one message.
#[derive(Debug)]
pub struct Encoder {
    pub(super) bytes: Vec<u8>,
}

impl Encoder {
    /// Adds a value.
    ///
    /// # Errors
    /// The value's serde code failed. The message cannot be used any more.
    pub fn put<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let bytes = std::mem::take(&mut self.bytes);
        take_refusal();
        self.bytes = postcard::to_extend(value, bytes).map_err(|error| {
            take_refusal().map_or_else(|| EncodeError::new(error), EncodeError::new)
        })?;
        Ok(())
    }
}

/// Reads the values of one message one after the other, in the order and of the types in which they
/// were put.
#[derive(Debug, Clone)]
pub struct Decoder<'m> {
    pub(super) rest: &'m [u8],
}

impl Decoder<'_> {
    /// Takes the next value.
    ///
    /// # Errors
    /// The bytes are no such value, or the value's serde code failed.
    pub fn take<T: DeserializeOwned>(&mut self) -> Result<T, DecodeError> {
        take_refusal();
        let (value, rest) = postcard::take_from_bytes(self.rest).map_err(|error| {
            take_refusal().map_or_else(|| DecodeError::new(error), DecodeError::new)
        })?;
        self.rest = rest;
        Ok(value)
    }

    fn all<T: DeserializeOwned>(&mut self) -> Result<T, DecodeError> {
        let value = self.take()?;
        if self.rest.is_empty() { Ok(value) } else { Err(DecodeError::trailing(self.rest.len())) }
    }
}

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
