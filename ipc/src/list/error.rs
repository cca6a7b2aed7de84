//! What can go wrong with a list.

use std::io;

use thiserror::Error;

/// An element of a [`ShareableList`](crate::ShareableList) was not read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ListError {
    /// There is no such element.
    #[error("index {index} is out of range for a list of {len}")]
    OutOfRange {
        /// The element that was asked for.
        index: usize,
        /// How many there are.
        len: usize,
    },
    /// The value needs more bytes than were set aside when the list was created.
    #[error("a value of {needed} bytes exceeds the available storage of {available}")]
    TooLong {
        /// The bytes of the value.
        needed: usize,
        /// The bytes there are for it.
        available: usize,
    },
    /// What lies in the memory is no such list, or no such value.
    #[error("the list is damaged: {0}")]
    Corrupt(&'static str),
    /// The system failed.
    #[error("the system failed: {0}")]
    Io(#[from] io::Error),
}

impl From<ListError> for io::Error {
    fn from(error: ListError) -> io::Error {
        let kind = match error {
            ListError::Io(error) => return error,
            ListError::Corrupt(_) => io::ErrorKind::InvalidData,
            ListError::OutOfRange { .. } | ListError::TooLong { .. } => io::ErrorKind::InvalidInput,
        };
        io::Error::new(kind, error)
    }
}
