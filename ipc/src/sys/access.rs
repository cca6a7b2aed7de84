//! Checked access to mapped memory that other processes may write to at any time.
#![expect(unsafe_code, reason = "turns offsets into addresses of shared memory")]

use std::io;
use std::ops::Range;
use std::sync::atomic::AtomicU64;

use super::copy;
use super::memory::Map;

/// Copies what lies at `offset`.
pub(crate) fn read(map: &Map, to: &mut [u8], offset: usize) -> io::Result<()> {
    let range = within(map, offset, to.len())?;
    // SAFETY: within the mapping. References into it are made by `as_slice` and `as_mut_slice` only,
    // whose callers promised that nobody uses the memory otherwise.
    unsafe { copy::read(map.as_ptr().add(range.start), to) };
    Ok(())
}

/// Copies `from` to `offset`.
pub(crate) fn write(map: &Map, from: &[u8], offset: usize) -> io::Result<()> {
    let range = within(map, offset, from.len())?;
    // SAFETY: within the mapping, which is writable. References: as in `read`.
    unsafe { copy::write(from, map.as_mut_ptr().add(range.start)) };
    Ok(())
}

/// The word at `offset`, if there is one, aligned.
pub(crate) fn word(map: &Map, offset: usize) -> Option<&AtomicU64> {
    let range = within(map, offset, size_of::<AtomicU64>()).ok()?;
    let address = map.as_mut_ptr().wrapping_add(range.start).cast::<u64>();
    // SAFETY: within the mapping, which lives as long as the reference, and aligned. Any bits are an
    // integer, and other references into the mapping are excluded as in `read`.
    address.is_aligned().then(|| unsafe { AtomicU64::from_ptr(address) })
}

fn within(map: &Map, offset: usize, len: usize) -> io::Result<Range<usize>> {
    match offset.checked_add(len) {
        Some(end) if end <= map.len() => Ok(offset..end),
        _ => {
            let size = map.len();
            let message =
                format!("{len} bytes at {offset} are not within the {size} bytes there are");
            Err(io::Error::new(io::ErrorKind::InvalidInput, message))
        }
    }
}
