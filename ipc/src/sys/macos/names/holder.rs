//! The memory itself, and how a name's file leads to it.
//!
//! Nothing but its own name leads to memory that others have, so it keeps that name as long as the name that it was
//! made under; who removes the one, behind its gate, first removes the other. The file is
//! written before the memory is made, so there is never memory that no file leads to.
#![expect(unsafe_code, reason = "confstr and getentropy are foreign functions")]

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use crate::sys::memory::{self, Memory};
use crate::sys::unix::names::{Id, gone};

/// 128 bits that nobody else has.
pub(crate) fn random() -> io::Result<u128> {
    let mut bits = 0u128;
    // SAFETY: writes to a local of that size, for which any bits are valid.
    if unsafe { libc::getentropy((&raw mut bits).cast(), size_of::<u128>()) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(bits)
}

/// Where the directories of names are: in one that the system keeps for this user alone, whatever the
/// environment says, and does not clear, as it does with `/tmp`.
pub(in crate::sys) fn parent() -> io::Result<PathBuf> {
    let mut path = vec![0u8; libc::PATH_MAX as usize];
    // SAFETY: the system writes at most the length of the buffer.
    let len =
        unsafe { libc::confstr(libc::_CS_DARWIN_USER_DIR, path.as_mut_ptr().cast(), path.len()) };
    // It counts the zero at the end, also of what it had no room for.
    match len.checked_sub(1) {
        Some(len) if len < path.len() => path.truncate(len),
        Some(_) => return Err(io::ErrorKind::InvalidFilename.into()),
        None => return Err(io::Error::last_os_error()),
    }
    Ok(PathBuf::from(OsString::from_vec(path)))
}

/// What a name's file says.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::sys) struct Record {
    pub(in crate::sys) id: Id,
    len: u64,
}

/// The last byte changes when the format does.
const MAGIC: [u8; 8] = *b"tandemN\x01";
const SIZE: usize = 32;

impl Record {
    fn encode(&self) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..24].copy_from_slice(&self.id.0.to_ne_bytes());
        bytes[24..].copy_from_slice(&self.len.to_ne_bytes());
        bytes
    }

    fn decode(bytes: &[u8; SIZE]) -> Option<Record> {
        let (magic, rest) = bytes.split_first_chunk()?;
        let (id, rest) = rest.split_first_chunk()?;
        let len = u64::from_ne_bytes(rest.try_into().ok()?);
        (*magic == MAGIC).then_some(Record { id: Id(u128::from_ne_bytes(*id)), len })
    }
}

/// What the file says.
pub(in crate::sys) fn read(file: &File) -> io::Result<Record> {
    let why = "what is kept under the name was not made by this version, or is damaged";
    let refused = || io::Error::new(io::ErrorKind::InvalidData, why);
    let mut bytes = [0; SIZE];
    match file.read_exact_at(&mut bytes, 0) {
        Ok(()) => Record::decode(&bytes).ok_or_else(refused),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(refused()),
        Err(error) => Err(error),
    }
}

/// New memory for segment `id`, all zero, of a size that cannot change, which the file leads to.
pub(in crate::sys) fn create(file: &File, id: Id, len: u64) -> io::Result<Memory> {
    file.set_len(SIZE as u64)?;
    file.write_all_at(&Record { id, len }.encode(), 0)?;
    memory::create_linked(id.0, len)
}

/// Opens the memory.
pub(in crate::sys) fn reach(record: &Record, _: &File) -> io::Result<Memory> {
    memory::open(record.id.0, record.len).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => gone(),
        _ => error,
    })
}

/// Others find the memory without knowing who has it.
pub(in crate::sys) fn announce(_: &File, _: &Memory) -> io::Result<()> {
    Ok(())
}

/// What is open cannot be opened anew.
pub(in crate::sys) fn open_again(_: &File) -> Option<File> {
    None
}

/// Takes away what the file led to from those who come later, so that it is freed with the last who has it.
pub(in crate::sys) fn bury(file: &File) -> io::Result<()> {
    // A file that somebody died over, or did not write to yet, leads nowhere.
    let Ok(record) = read(file) else { return Ok(()) };
    match memory::unlink(record.id.0) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Id, MAGIC, Record, SIZE};

    #[test]
    fn what_was_written_is_read_and_nothing_else_is() {
        let record = Record { id: Id(1 << 100 | 7), len: 12 };
        assert_eq!(Record::decode(&record.encode()), Some(record));
        let mut other = [0; SIZE];
        other[..7].copy_from_slice(&MAGIC[..7]);
        assert_eq!(Record::decode(&other), None);
    }
}
