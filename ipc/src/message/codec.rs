//! Values to bytes and back.

use postcard::ser_flavors::Flavor;
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
    #[inline]
    pub fn put<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        take_refusal();
        postcard::serialize_with_flavor(value, Behind(&mut self.bytes)).map_err(|error| {
            take_refusal().map_or_else(|| EncodeError::new(error), EncodeError::new)
        })
    }
}

/// Writes behind what is there: small values cost less than if the bytes moved in and out with each.
struct Behind<'a>(&'a mut Vec<u8>);

impl Flavor for Behind<'_> {
    type Output = ();

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    #[inline]
    fn finalize(self) -> postcard::Result<()> {
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
    #[inline]
    pub fn take<T: DeserializeOwned>(&mut self) -> Result<T, DecodeError> {
        take_refusal();
        let (value, rest) = postcard::take_from_bytes(self.rest).map_err(|error| {
            take_refusal().map_or_else(|| DecodeError::new(error), DecodeError::new)
        })?;
        self.rest = rest;
        Ok(value)
    }

    #[inline]
    fn all<T: DeserializeOwned>(&mut self) -> Result<T, DecodeError> {
        let value = self.take()?;
        if self.rest.is_empty() { Ok(value) } else { Err(DecodeError::trailing(self.rest.len())) }
    }
}

/// Reads a message that carries no handles.
#[inline]
pub(crate) fn decode_plain<V>(
    bytes: &[u8],
    read: impl FnOnce(&mut Decoder<'_>) -> Result<V, DecodeError>,
) -> Result<V, DecodeError> {
    // None of the handles of a parcel that this thread is decoding further up is this message's.
    let _decoding = Within::enter(&DECODING, ObjectId::NONE);
    read(&mut Decoder { rest: bytes })
}

/// Reads the one value of a message.
#[inline]
pub(crate) fn one<T: DeserializeOwned>(decoder: &mut Decoder<'_>) -> Result<T, DecodeError> {
    decoder.all()
}
