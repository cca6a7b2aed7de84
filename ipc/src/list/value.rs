//! What can be an element, and its bytes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::error::ListError;

/// An element of a [`ShareableList`](crate::ShareableList).
///
/// ```
/// use ipc::ShareableValue;
///
/// assert_eq!(ShareableValue::from(7), ShareableValue::Int(7));
/// assert_eq!(ShareableValue::from("seven"), ShareableValue::Str("seven".to_owned()));
/// assert_eq!(ShareableValue::from(None::<f64>), ShareableValue::None);
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum ShareableValue {
    /// Nothing.
    #[default]
    None,
    /// True or false.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text, of any length and with any characters.
    Str(String),
    /// Bytes, of any number and value.
    Bytes(Vec<u8>),
}

const NONE: u8 = 0;
const BOOL: u8 = 1;
const INT: u8 = 2;
const FLOAT: u8 = 3;
const STR: u8 = 4;
const BYTES: u8 = 5;

impl ShareableValue {
    /// What kind of value it is, and its bytes.
    pub(super) fn encode(&self) -> (u8, Cow<'_, [u8]>) {
        match self {
            ShareableValue::None => (NONE, Cow::Borrowed(&[])),
            ShareableValue::Bool(value) => (BOOL, Cow::Owned(vec![u8::from(*value)])),
            ShareableValue::Int(value) => (INT, Cow::Owned(value.to_ne_bytes().to_vec())),
            ShareableValue::Float(value) => (FLOAT, Cow::Owned(value.to_ne_bytes().to_vec())),
            ShareableValue::Str(value) => (STR, Cow::Borrowed(value.as_bytes())),
            ShareableValue::Bytes(value) => (BYTES, Cow::Borrowed(value)),
        }
    }

    /// The opposite, for bytes that may be anything.
    pub(super) fn decode(kind: u8, bytes: Vec<u8>) -> Result<ShareableValue, ListError> {
        let word = |bytes: &[u8]| bytes.try_into().map_err(|_| ListError::Corrupt(WRONG_LENGTH));
        match (kind, &*bytes) {
            (NONE, []) => Ok(ShareableValue::None),
            (BOOL, [0]) => Ok(ShareableValue::Bool(false)),
            (BOOL, [1]) => Ok(ShareableValue::Bool(true)),
            (INT, bytes) => Ok(ShareableValue::Int(i64::from_ne_bytes(word(bytes)?))),
            (FLOAT, bytes) => Ok(ShareableValue::Float(f64::from_ne_bytes(word(bytes)?))),
            (STR, _) => match String::from_utf8(bytes) {
                Ok(text) => Ok(ShareableValue::Str(text)),
                Err(_) => Err(ListError::Corrupt("a text is not UTF-8")),
            },
            (BYTES, _) => Ok(ShareableValue::Bytes(bytes)),
            (NONE | BOOL, _) => Err(ListError::Corrupt("a value has bytes that it cannot have")),
            _ => Err(ListError::Corrupt("a value is of no known kind")),
        }
    }
}

const WRONG_LENGTH: &str = "a number is not eight bytes long";

impl From<bool> for ShareableValue {
    fn from(value: bool) -> ShareableValue {
        ShareableValue::Bool(value)
    }
}

impl From<i64> for ShareableValue {
    fn from(value: i64) -> ShareableValue {
        ShareableValue::Int(value)
    }
}

impl From<i32> for ShareableValue {
    fn from(value: i32) -> ShareableValue {
        ShareableValue::Int(value.into())
    }
}

impl From<u32> for ShareableValue {
    fn from(value: u32) -> ShareableValue {
        ShareableValue::Int(value.into())
    }
}

impl From<f64> for ShareableValue {
    fn from(value: f64) -> ShareableValue {
        ShareableValue::Float(value)
    }
}

impl From<&str> for ShareableValue {
    fn from(value: &str) -> ShareableValue {
        ShareableValue::Str(value.to_owned())
    }
}

impl From<String> for ShareableValue {
    fn from(value: String) -> ShareableValue {
        ShareableValue::Str(value)
    }
}

impl From<&[u8]> for ShareableValue {
    fn from(value: &[u8]) -> ShareableValue {
        ShareableValue::Bytes(value.to_vec())
    }
}

impl<const N: usize> From<&[u8; N]> for ShareableValue {
    fn from(value: &[u8; N]) -> ShareableValue {
        ShareableValue::Bytes(value.to_vec())
    }
}

impl From<Vec<u8>> for ShareableValue {
    fn from(value: Vec<u8>) -> ShareableValue {
        ShareableValue::Bytes(value)
    }
}

impl<T: Into<ShareableValue>> From<Option<T>> for ShareableValue {
    fn from(value: Option<T>) -> ShareableValue {
        value.map_or(ShareableValue::None, Into::into)
    }
}
