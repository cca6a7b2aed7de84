//! Values to bytes and back.

use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::context::{DECODING, ENCODING, Within, take_refusal};
use super::draft::{Draft, SPILL, TooLarge};
use crate::error::{DecodeError, EncodeError};
use crate::heap::ObjectId;
use crate::program::Program;

/// Writes values one after the other into one message.
#[derive(Debug)]
pub struct Encoder {
    pub(super) bytes: Vec<u8>,
    /// Where it becomes a draft if there are too many bytes. Otherwise all of them are collected here.
    heap: Option<&'static Program>,
    /// What was written before the bytes, or why it is lost.
    pub(super) draft: Option<Box<Result<Draft, TooLarge>>>,
}

impl Encoder {
    /// Uses the buffer's memory.
    #[inline]
    pub(super) fn new(mut buffer: Vec<u8>, heap: Option<&'static Program>) -> Encoder {
        buffer.clear();
        Encoder { bytes: buffer, heap, draft: None }
    }

    /// What `write` puts, as bytes that may go anywhere, to another machine too. Read by
    /// [`Decoder::of_plain`].
    ///
    /// # Errors
    /// What `write` returns, or a handle is among the values: it leads into the memory of this program.
    ///
    /// # Example
    ///
    /// ```
    /// use ipc::parcel::{Decoder, Encoder};
    /// use ipc::{DecodeError, Queue};
    ///
    /// let bytes = Encoder::plain(|message| message.put("seven")).expect("no handle in it");
    /// assert_eq!(Decoder::of_plain(&bytes, |message| message.take()), Ok("seven".to_owned()));
    ///
    /// let queue = Queue::<u64>::bounded(1)?;
    /// let refused = Encoder::plain(|message| message.put(&queue)).expect_err("a handle");
    /// assert!(refused.to_string().contains("cannot leave its program"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn plain(
        write: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
    ) -> Result<Vec<u8>, EncodeError> {
        let encoding = Within::enter(&ENCODING, None);
        let mut encoder = Encoder::new(Vec::new(), None);
        write(&mut encoder)?;
        match encoding.take().flatten() {
            None => Ok(encoder.bytes),
            Some(_) => Err(EncodeError::new("a handle cannot leave its program")),
        }
    }

    /// Adds a value.
    ///
    /// # Errors
    /// The value's serde code failed. The message cannot be used any more.
    #[inline]
    pub fn put<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        take_refusal();
        postcard::serialize_with_flavor(value, Behind(self)).map_err(|error| {
            take_refusal().map_or_else(|| EncodeError::new(error), EncodeError::new)
        })
    }

    /// Adds bytes for which there is no room.
    #[cold]
    fn extend_beyond(&mut self, bytes: &[u8]) {
        let needed = self.bytes.len() + bytes.len();
        match self.heap {
            Some(program) if needed > SPILL => {
                let begin = || Box::new(Draft::begin(program, needed));
                let draft = self.draft.get_or_insert_with(begin);
                if let Ok(whole) = &mut **draft
                    && let Err(error) = whole.append(&self.bytes).and_then(|()| whole.append(bytes))
                {
                    **draft = Err(error);
                }
                self.bytes.clear();
            }
            _ => self.bytes.extend_from_slice(bytes),
        }
    }
}

/// Writes behind what is there: small values cost less than if the bytes moved in and out with each.
struct Behind<'a>(&'a mut Encoder);

impl Flavor for Behind<'_> {
    type Output = ();

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        if self.0.bytes.len() == self.0.bytes.capacity() {
            self.0.extend_beyond(&[byte]);
        } else {
            self.0.bytes.push(byte);
        }
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        if bytes.len() > self.0.bytes.capacity() - self.0.bytes.len() {
            self.0.extend_beyond(bytes);
        } else {
            self.0.bytes.extend_from_slice(bytes);
        }
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
    /// Reads what [`Encoder::plain`] has written.
    ///
    /// # Errors
    /// What `read` returns.
    pub fn of_plain<V>(
        bytes: &[u8],
        read: impl FnOnce(&mut Decoder<'_>) -> Result<V, DecodeError>,
    ) -> Result<V, DecodeError> {
        decode_plain(bytes, read)
    }

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
