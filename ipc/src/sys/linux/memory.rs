//! A sparse memfd: its size is only address space, its pages exist where they were touched.
#![expect(unsafe_code, reason = "memfd_create, fcntl and fallocate are foreign functions")]

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use memmap2::{Advice, MmapOptions, MmapRaw};

/// Memory that processes share, and that is freed with the last of them.
pub type Memory = OwnedFd;

/// Memory as it is mapped here.
pub(crate) type Map = MmapRaw;

pub(crate) fn create(size: u64) -> io::Result<Memory> {
    check_size(size)?;
    // SAFETY: the name is a C string; the call touches no other memory of ours.
    let fd = unsafe {
        libc::memfd_create(c"tandem-heap".as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING)
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just gave us this descriptor and nobody else knows it.
    let file = unsafe { File::from_raw_fd(fd) };
    file.set_len(size)?;
    // A size that cannot change means that no access within the mapping can ever raise SIGBUS.
    let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
    // SAFETY: F_ADD_SEALS takes an integer and touches no memory of ours.
    if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(file.into())
}

/// Whether a file may have this size: beyond the limit the process would be killed.
pub(in crate::sys) fn check_size(size: u64) -> io::Result<()> {
    let largest = largest();
    if size <= largest {
        return Ok(());
    }
    let why = format!(
        "a file of {size} bytes is needed, and this process may have none of more than {largest} (ulimit -f)"
    );
    Err(io::Error::new(io::ErrorKind::FileTooLarge, why))
}

/// The largest size that may be asked for.
pub(crate) fn largest() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel writes one structure that outlives the call.
    if unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) } == 0 {
        limit.rlim_cur
    } else {
        u64::MAX
    }
}

/// Checks that it is a memory object that can neither shrink nor grow, and tells its size.
pub(crate) fn sealed_size(memory: &Memory) -> io::Result<u64> {
    // SAFETY: F_GET_SEALS touches no memory of ours.
    let seals = unsafe { libc::fcntl(memory.as_raw_fd(), libc::F_GET_SEALS) };
    let needed = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW;
    if seals < 0 || seals & needed != needed {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the heap's memory is not sealed"));
    }
    // Not through a duplicate of the descriptor: closing one would drop this process's life mark.
    // SAFETY: an all-zero stat is a valid one; fstat writes no more than that.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the structure outlives the call.
    if unsafe { libc::fstat(memory.as_raw_fd(), &raw mut stat) } < 0 {
        return Err(io::Error::last_os_error());
    }
    u64::try_from(stat.st_size).map_err(io::Error::other)
}

pub(crate) fn map(memory: &Memory, size: u64) -> io::Result<Map> {
    let len = usize::try_from(size).map_err(|_| io::ErrorKind::OutOfMemory)?;
    let map = MmapOptions::new().len(len).no_reserve_swap().map_raw(memory)?;
    // A core dump would walk every page of the address range, touched or not.
    map.advise(Advice::DontDump)?;
    Ok(map)
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
    map.advise(Advice::DontFork)
}

/// Pages are given up as soon as they are discarded.
pub(crate) const GIVES_BACK: bool = true;

pub(crate) fn discard(memory: &Memory, _: &Map, range: Range<u64>) -> io::Result<()> {
    let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
    loop {
        // SAFETY: works on the file alone; the range is the caller's own block of the heap.
        let done = unsafe {
            let (start, len) = (range.start, range.end - range.start);
            libc::fallocate(memory.as_raw_fd(), mode, start as libc::off_t, len as libc::off_t)
        };
        if done == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// The parts of a range that have memory. Looking does not make any.
pub(crate) fn touched(memory: &Memory, _: &Map, range: Range<u64>) -> io::Result<Vec<Range<u64>>> {
    let mut parts = Vec::new();
    let mut at = range.start;
    while let Some(start) = seek(memory, at, libc::SEEK_DATA)?.filter(|start| *start < range.end) {
        let end = seek(memory, start, libc::SEEK_HOLE)?.unwrap_or(range.end).min(range.end);
        parts.push(start..end);
        at = end;
    }
    Ok(parts)
}

/// Whether any part of a range has memory. Unlike [`touched`], does not look how far that goes, which costs a
/// step for each page.
pub(crate) fn is_touched(memory: &Memory, _: &Map, range: Range<u64>) -> io::Result<bool> {
    Ok(seek(memory, range.start, libc::SEEK_DATA)?.is_some_and(|start| start < range.end))
}

/// `None` when there is nothing more of the kind. Moves the descriptor's position, which nobody uses.
fn seek(memory: &Memory, from: u64, whence: i32) -> io::Result<Option<u64>> {
    // SAFETY: takes integers and touches no memory of ours.
    let at = unsafe { libc::lseek(memory.as_raw_fd(), from as libc::off_t, whence) };
    if at >= 0 {
        return Ok(Some(at as u64));
    }
    let error = io::Error::last_os_error();
    if error.raw_os_error() == Some(libc::ENXIO) { Ok(None) } else { Err(error) }
}
