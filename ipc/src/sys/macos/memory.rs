//! Memory of the system's own (`shm_open`): anonymous, its pages exist where they were touched.
//!
//! Its size is set once and for all: a second `ftruncate` fails (`pshm_truncate` in XNU's `bsd/kern/posix_shm.c`), so no
//! access within a mapping can ever raise SIGBUS. The kernel rounds the size up to pages, so what
//! was asked for goes with the number from process to process.
#![expect(
    unsafe_code,
    reason = "shm_open, fstat, madvise, minherit and mincore are foreign functions"
)]

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::OnceLock;

use memmap2::{MmapOptions, MmapRaw};

use super::names::random;

/// Memory that processes share, and that is freed with the last of them.
#[derive(Debug)]
pub struct Memory {
    object: OwnedFd,
    id: u128,
    size: u64,
    /// What this process has its life mark on.
    pub(super) lives: OnceLock<File>,
}

/// Memory as it is mapped here.
pub(crate) type Map = MmapRaw;

impl Memory {
    /// What somebody who has it has said of it.
    pub(super) fn received(object: OwnedFd, id: u128, size: u64) -> Memory {
        Memory { object, id, size, lives: OnceLock::new() }
    }

    pub(super) fn id(&self) -> u128 {
        self.id
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }
}

impl AsFd for Memory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.object.as_fd()
    }
}

pub(crate) fn create(size: u64) -> io::Result<Memory> {
    let id = random()?;
    let object = open_object(id, libc::O_CREAT | libc::O_EXCL)?;
    // Before it has any memory: if this process dies here, an empty object's name stays until the next start.
    unlink(id)?;
    sized(object, id, size)
}

/// The same, which others can open by its number until that is unlinked.
pub(super) fn create_linked(id: u128, size: u64) -> io::Result<Memory> {
    sized(open_object(id, libc::O_CREAT | libc::O_EXCL)?, id, size)
}

fn sized(object: OwnedFd, id: u128, size: u64) -> io::Result<Memory> {
    let length = libc::off_t::try_from(size).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: takes integers and touches no memory of ours.
    if unsafe { libc::ftruncate(object.as_raw_fd(), length) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Memory::received(object, id, size))
}

/// The memory of that number, if it is linked.
pub(super) fn open(id: u128, size: u64) -> io::Result<Memory> {
    Ok(Memory::received(open_object(id, 0)?, id, size))
}

/// Nobody can open it any more. Who has it keeps it.
pub(super) fn unlink(id: u128) -> io::Result<()> {
    let name = name_of(id)?;
    // SAFETY: the name is a C string that outlives the call.
    if unsafe { libc::shm_unlink(name.as_ptr()) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// A name has 31 bytes at most (`PSHMNAMLEN`): as many of the number's bits as fit.
fn name_of(id: u128) -> io::Result<CString> {
    Ok(CString::new(format!("/td-{:026x}", id >> 24))?)
}

/// Close-on-exec, as `shm_open(2)` says of itself.
fn open_object(id: u128, how: libc::c_int) -> io::Result<OwnedFd> {
    let name = name_of(id)?;
    let mode: libc::c_uint = 0o600;
    // SAFETY: the name is a C string that outlives the call.
    let fd = unsafe { libc::shm_open(name.as_ptr(), libc::O_RDWR | how, mode) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just gave us this descriptor and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The limit of file sizes does not apply.
pub(crate) fn largest() -> u64 {
    u64::MAX
}

/// Checks that it is a memory object, which can neither shrink nor grow, and as large as whoever handed it
/// over has said, and tells its size.
pub(crate) fn sealed_size(memory: &Memory) -> io::Result<u64> {
    // SAFETY: an all-zero stat is a valid one.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel writes one structure that outlives the call.
    if unsafe { libc::fstat(memory.object.as_raw_fd(), &raw mut stat) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // Files, sockets and all that has a name have a kind; these do not (`pshm_stat`).
    let is_object = stat.st_mode & libc::S_IFMT == 0;
    if !is_object || u64::try_from(stat.st_size).map_or(true, |size| size < memory.size) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the heap's memory is none"));
    }
    Ok(memory.size)
}

pub(crate) fn map(memory: &Memory, size: u64) -> io::Result<Map> {
    let len = usize::try_from(size).map_err(|_| io::ErrorKind::OutOfMemory)?;
    MmapOptions::new().len(len).map_raw(&memory.object)
}

/// It is known by where it lies.
pub(crate) fn name(_: &Memory) -> Option<u128> {
    None
}

/// Memory is there when it is touched, also by the kernel.
pub(crate) fn commit(_: &Map, _: Range<u64>) -> io::Result<()> {
    Ok(())
}

pub(crate) fn keep_from_forks(map: &Map) -> io::Result<()> {
    // SAFETY: the whole of a mapping of ours, which this process keeps.
    let done = unsafe { libc::minherit(map.as_mut_ptr().cast(), map.len(), libc::VM_INHERIT_NONE) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// The system takes the pages when it likes; until then they have what they had.
pub(crate) const GIVES_BACK: bool = false;

/// `madvise(2)` promises that the range stays valid, and nothing of what is in it then: zeros, or what was.
pub(crate) fn discard(_: &Memory, map: &Map, range: Range<u64>) -> io::Result<()> {
    let page = page_size()?;
    // The kernel would round outwards, to what is somebody else's.
    let (start, end) = (range.start.next_multiple_of(page), range.end / page * page);
    if start >= end {
        return Ok(());
    }
    let (from, len) = (map.as_mut_ptr().wrapping_add(start as usize), (end - start) as usize);
    // SAFETY: within the mapping, and nobody uses what is there.
    let done = unsafe { libc::madvise(from.cast(), len, libc::MADV_FREE) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// How many pages are asked for in one call.
const AT_ONCE: u64 = 4096;
/// `MINCORE_PAGED_OUT` of `sys/mman.h`.
const PAGED_OUT: libc::c_char = 0x20;

/// The parts of a range that have memory, in the machine or paged out. Looking does not make any.
pub(crate) fn touched(_: &Memory, map: &Map, range: Range<u64>) -> io::Result<Vec<Range<u64>>> {
    let mut parts: Vec<Range<u64>> = Vec::new();
    each_touched(map, range, |page| {
        match parts.last_mut() {
            Some(last) if last.end == page.start => last.end = page.end,
            _ => parts.push(page),
        }
        true
    })?;
    Ok(parts)
}

/// Whether any part of a range has memory. Unlike [`touched`], stops at the first.
pub(crate) fn is_touched(_: &Memory, map: &Map, range: Range<u64>) -> io::Result<bool> {
    let mut touched = false;
    each_touched(map, range, |_| {
        touched = true;
        false
    })?;
    Ok(touched)
}

/// Calls `f` for what of the range lies in each page that has memory, until that says `false`.
fn each_touched(
    map: &Map,
    range: Range<u64>,
    mut f: impl FnMut(Range<u64>) -> bool,
) -> io::Result<()> {
    let page = page_size()?;
    let mut at = range.start / page * page;
    let end = range.end.min(map.len() as u64);
    let mut pages: [libc::c_char; AT_ONCE as usize] = [0; AT_ONCE as usize];
    while at < end {
        let count = (end - at).div_ceil(page).min(AT_ONCE);
        let (from, len) = (map.as_ptr().wrapping_add(at as usize), (count * page) as usize);
        // SAFETY: the kernel writes a byte for each page, of which there are at most as many as there is room
        // for. The last one may reach beyond the end of the object, not of the mapping, which has whole pages.
        if unsafe { libc::mincore(from.cast(), len, pages.as_mut_ptr()) } < 0 {
            return Err(io::Error::last_os_error());
        }
        let in_memory = libc::MINCORE_INCORE as libc::c_char | PAGED_OUT;
        for (number, _) in pages.iter().enumerate().filter(|(_, page)| **page & in_memory != 0) {
            let start = at + number as u64 * page;
            if number as u64 >= count || !f(start.max(range.start)..(start + page).min(end)) {
                return Ok(());
            }
        }
        pages.fill(0);
        at += count * page;
    }
    Ok(())
}

fn page_size() -> io::Result<u64> {
    // SAFETY: takes a number and touches no memory of ours.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u64::try_from(size).map_err(|_| io::Error::last_os_error())
}
