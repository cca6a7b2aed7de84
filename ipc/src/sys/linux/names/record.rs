//! What stands in a name's file. Whoever may write to it may have written anything: it is taken as a
//! hint where the memory can be found, and what is found there is checked.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::sys::memory;
use crate::sys::unix::names::Id;

/// Where one process has the memory: descriptor `fd` of process `pid`, as ids are in `namespace`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) pid: u32,
    pub(super) fd: u32,
    pub(super) namespace: u64,
}

/// What a name's file says: the segment, and all entries that were ever made, dead ones included.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::sys) struct Record {
    pub(in crate::sys) id: Id,
    pub(super) holders: Vec<(usize, Holder)>,
}

const MAGIC: [u8; 8] = *b"tandem\0N";
/// What follows the magic number changes when the format does.
const LAYOUT: u64 =
    (VERSION << 48) | ((HEADER as u64) << 32) | ((PLACES as u64) << 16) | ENTRY as u64;
const VERSION: u64 = 1;
const HEADER: usize = 32;
const ENTRY: usize = 16;
/// How many processes can be told. More can have the memory; they are found without the file's help
/// if all that are in it are gone.
pub(super) const PLACES: usize = 128;
const SIZE: usize = HEADER + PLACES * ENTRY;

impl Record {
    /// Writes the file of a new segment that nobody has yet.
    pub(super) fn begin(file: &File, id: Id) -> io::Result<()> {
        let mut bytes = [0; SIZE];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..16].copy_from_slice(&LAYOUT.to_ne_bytes());
        bytes[16..32].copy_from_slice(&id.0.to_ne_bytes());
        memory::check_size(SIZE as u64)?;
        file.set_len(SIZE as u64)?;
        file.write_all_at(&bytes, 0)
    }

    pub(super) fn read(file: &File) -> io::Result<Record> {
        let mut bytes = [0; SIZE];
        let refused = || io::Error::new(io::ErrorKind::InvalidData, NO_RECORD);
        match file.read_exact_at(&mut bytes, 0) {
            Ok(()) => Record::decode(&bytes).ok_or_else(refused),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(refused()),
            Err(error) => Err(error),
        }
    }

    fn decode(bytes: &[u8]) -> Option<Record> {
        let (magic, rest) = bytes.split_first_chunk()?;
        let (layout, rest) = rest.split_first_chunk()?;
        let (id, rest) = rest.split_first_chunk()?;
        if *magic != MAGIC || u64::from_ne_bytes(*layout) != LAYOUT {
            return None;
        }
        let entries = rest.chunks_exact(ENTRY).take(PLACES).map(Holder::decode).enumerate();
        let holders = entries.filter_map(|(place, holder)| Some((place, holder?))).collect();
        Some(Record { id: Id(u128::from_ne_bytes(*id)), holders })
    }
}

impl Holder {
    /// Writes the entry at `place`, which the caller has taken.
    pub(super) fn write(self, file: &File, place: usize) -> io::Result<()> {
        memory::check_size(SIZE as u64)?;
        let mut bytes = [0; ENTRY];
        bytes[..4].copy_from_slice(&self.pid.to_ne_bytes());
        bytes[4..8].copy_from_slice(&self.fd.to_ne_bytes());
        bytes[8..].copy_from_slice(&self.namespace.to_ne_bytes());
        file.write_all_at(&bytes, (HEADER + place * ENTRY) as u64)
    }

    /// `None` for an entry that was never made.
    fn decode(bytes: &[u8]) -> Option<Holder> {
        let (pid, rest) = bytes.split_first_chunk()?;
        let (fd, rest) = rest.split_first_chunk()?;
        let (namespace, _) = rest.split_first_chunk()?;
        let pid = u32::from_ne_bytes(*pid);
        let fd = u32::from_ne_bytes(*fd);
        (pid != 0).then_some(Holder { pid, fd, namespace: u64::from_ne_bytes(*namespace) })
    }
}

const NO_RECORD: &str = "what is kept under the name was not made by this version, or is damaged";

#[cfg(test)]
mod tests {
    use super::super::holder;
    use super::{Holder, Id, Record, SIZE};
    use proptest::collection::vec;
    use proptest::prelude::{any, proptest};

    #[test]
    fn what_was_written_is_read() {
        let file = file_of(SIZE);
        let id = Id(1 << 100 | 7);
        let holder = Holder { pid: 7, fd: 9, namespace: u64::MAX };
        Record::begin(&file, id).unwrap();
        holder.write(&file, 2).unwrap();
        let record = Record { id, holders: vec![(2, holder)] };
        assert_eq!(Record::read(&file).unwrap(), record);
    }

    #[test]
    fn a_file_that_is_too_short_is_no_record() {
        let error = Record::read(&file_of(SIZE - 1)).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    }

    /// A file without a name, of a size that stays.
    fn file_of(size: usize) -> std::fs::File {
        holder::memory("record", size as u64).unwrap().into()
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_record_or_none(header in any::<bool>(), bytes in vec(any::<u8>(), 0..3000)) {
            let mut bytes = bytes;
            if header && bytes.len() >= 16 {
                bytes[..8].copy_from_slice(&super::MAGIC);
                bytes[8..16].copy_from_slice(&super::LAYOUT.to_ne_bytes());
            }
            let record = Record::decode(&bytes);
            assert_eq!(record.is_some(), header && bytes.len() >= 32);
            assert!(record.is_none_or(|record| record.holders.len() <= super::PLACES));
        }
    }
}
