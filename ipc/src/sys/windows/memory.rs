//! Sections of the paging file: the kernel frees one with the last process that has it.
//!
//! A section's size is only address space here; its pages are there once they are committed, which a process
//! does for all. What is handed out is committed first ([`commit`]), for the system does not do that when it
//! writes to memory on a program's behalf; where nobody did, the first touch does it.
#![expect(unsafe_code, reason = "maps memory")]

use std::io;
use std::ops::Range;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering};

use windows_sys::Win32::Foundation::{
    DUPLICATE_SAME_ACCESS, DuplicateHandle, ERROR_ALREADY_EXISTS, HANDLE, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::System::Memory::{
    CreateFileMappingW, FILE_MAP_ALL_ACCESS, MEM_COMMIT, MEM_RESET, MEMORY_BASIC_INFORMATION,
    MEMORY_MAPPED_VIEW_ADDRESS, MapViewOfFile, OpenFileMappingW, PAGE_READWRITE, SEC_COMMIT,
    SEC_RESERVE, UnmapViewOfFile, VirtualAlloc, VirtualQuery,
};
use windows_sys::Win32::System::SystemInformation::{GlobalMemoryStatusEx, MEMORYSTATUSEX};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use super::commit;
use super::object::{self, checked, owned, random};

/// What is committed together when it is touched.
const UNIT: u64 = 64 << 10;

/// Memory that processes share, and that is freed with the last of them. Others open it by its number.
#[derive(Debug)]
pub struct Memory {
    section: OwnedHandle,
    id: u128,
    size: u64,
}

/// Memory as it is mapped here.
#[derive(Debug)]
pub(crate) struct Map {
    start: NonNull<u8>,
    len: usize,
    /// A unit that is known to be committed, counted from 1.
    committed: AtomicU64,
}

// SAFETY: it is an address and a length; what lies there is its users' to share.
unsafe impl Send for Map {}
// SAFETY: as for `Send`.
unsafe impl Sync for Map {}

pub(crate) fn create(size: u64) -> io::Result<Memory> {
    section(random()?, size, SEC_RESERVE).map(|(memory, _)| memory)
}

/// New memory of that number, which is committed from the start; else `AlreadyExists`.
pub(super) fn create_committed(id: u128, size: u64) -> io::Result<Memory> {
    let (memory, is_new) = section(id, size, SEC_COMMIT)?;
    if is_new { Ok(memory) } else { Err(io::ErrorKind::AlreadyExists.into()) }
}

/// The same, or what somebody has of that number.
pub(super) fn create_or_open(id: u128, size: u64) -> io::Result<Memory> {
    section(id, size, SEC_COMMIT).map(|(memory, _)| memory)
}

/// Memory of that number, and whether it is new.
fn section(id: u128, size: u64, kind: u32) -> io::Result<(Memory, bool)> {
    let (high, low) = ((size >> 32) as u32, size as u32);
    let name = name_of(id);
    // SAFETY: the name ends with zero; no attributes are the usual ones. The handle is new.
    let section = unsafe {
        let (attributes, protection) = (ptr::null(), PAGE_READWRITE | kind);
        let file = INVALID_HANDLE_VALUE;
        owned(CreateFileMappingW(file, attributes, protection, high, low, name.as_ptr()))
    };
    // The last error says so of a call that has succeeded.
    let is_new = io::Error::last_os_error().raw_os_error() != Some(ERROR_ALREADY_EXISTS as i32);
    Ok((Memory { section: section?, id, size }, is_new))
}

/// The memory of that number and size, which somebody has; else `NotFound`.
pub(super) fn open(id: u128, size: u64) -> io::Result<Memory> {
    let name = name_of(id);
    // SAFETY: the name ends with zero. The handle is new.
    let section = unsafe { owned(OpenFileMappingW(FILE_MAP_ALL_ACCESS, 0, name.as_ptr())) };
    Ok(Memory { section: section?, id, size })
}

/// Keeps the memory for as long as that process, which does not know of the handle.
pub(super) fn keep_for(process: HANDLE, memory: &Memory) -> io::Result<()> {
    let (section, mut theirs) = (memory.section.as_raw_handle(), ptr::null_mut());
    // SAFETY: handles that are open, and a local to write to. The new one is closed with the process.
    checked(unsafe {
        let (this, same) = (GetCurrentProcess(), DUPLICATE_SAME_ACCESS);
        DuplicateHandle(this, section, process, &raw mut theirs, 0, 0, same)
    })
}

fn name_of(id: u128) -> Vec<u16> {
    object::name(&format!("memory-{id:032x}"))
}

/// As much as the system can commit: more could never be used, and a section takes up some memory for each of
/// its pages.
pub(crate) fn largest() -> u64 {
    // SAFETY: an all-zero structure is a valid one.
    let mut status: MEMORYSTATUSEX = unsafe { std::mem::zeroed() };
    status.dwLength = size_of::<MEMORYSTATUSEX>() as u32;
    // SAFETY: the system writes to a local, whose size it was told.
    unsafe { GlobalMemoryStatusEx(&raw mut status) };
    status.ullTotalPageFile
}

/// No section can change its size. That it is as large as whoever handed it over has said is found out by
/// mapping it.
pub(crate) fn sealed_size(memory: &Memory) -> io::Result<u64> {
    Ok(memory.size)
}

pub(crate) fn name(memory: &Memory) -> Option<u128> {
    Some(memory.id)
}

pub(super) fn size(memory: &Memory) -> u64 {
    memory.size
}

pub(crate) fn map(memory: &Memory, size: u64) -> io::Result<Map> {
    let len = usize::try_from(size).map_err(|_| io::ErrorKind::OutOfMemory)?;
    // SAFETY: a new view, which overlaps nothing. It is not larger than the section, or it fails.
    let view =
        unsafe { MapViewOfFile(memory.section.as_raw_handle(), FILE_MAP_ALL_ACCESS, 0, 0, len) };
    let start = NonNull::new(view.Value.cast()).ok_or_else(io::Error::last_os_error)?;
    let map = Map { start, len, committed: AtomicU64::new(0) };
    commit::on_touch(map.range())?;
    Ok(map)
}

/// There is no fork.
pub(crate) fn keep_from_forks(_: &Map) -> io::Result<()> {
    Ok(())
}

/// In whole units: new blocks lie behind each other, and most take up less than one.
pub(crate) fn commit(map: &Map, range: Range<u64>) -> io::Result<()> {
    let units = range.start / UNIT..range.end.div_ceil(UNIT);
    // Relaxed: what it says is so for good.
    if units.end - units.start == 1 && map.committed.load(Ordering::Relaxed) == units.end {
        return Ok(());
    }
    let (start, end) = (units.start * UNIT, (units.end * UNIT).min(map.len as u64));
    commit_now(map.at(start), (end - start) as usize)?;
    map.committed.store(units.end, Ordering::Relaxed);
    Ok(())
}

/// Commits the unit of `range` that `address` lies in.
pub(super) fn commit_unit(range: &Range<usize>, address: usize) -> io::Result<()> {
    let start = range.start + (address - range.start) / UNIT as usize * UNIT as usize;
    let end = range.end.min(start + UNIT as usize);
    commit_now(ptr::with_exposed_provenance_mut(start), end - start)
}

fn commit_now(start: *mut u8, len: usize) -> io::Result<()> {
    // SAFETY: within a view of ours. What is committed already stays as it is.
    let done = unsafe { VirtualAlloc(start.cast(), len, MEM_COMMIT, PAGE_READWRITE) };
    if done.is_null() { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A view's pages cannot be given up.
pub(crate) const GIVES_BACK: bool = false;

/// The system is told that it need not keep what is in them, and may take the
/// memory until they are written to again; then they are zero, or what they were.
pub(crate) fn discard(memory: &Memory, map: &Map, range: Range<u64>) -> io::Result<()> {
    // It refuses what is not committed.
    for part in touched(memory, map, range)? {
        let len = (part.end - part.start) as usize;
        // SAFETY: within the view, and nobody uses what is there.
        let done =
            unsafe { VirtualAlloc(map.at(part.start).cast(), len, MEM_RESET, PAGE_READWRITE) };
        if done.is_null() {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// The parts of a range that are committed. Looking does not make any so.
pub(crate) fn touched(_: &Memory, map: &Map, range: Range<u64>) -> io::Result<Vec<Range<u64>>> {
    let mut parts = Vec::new();
    let mut at = range.start;
    while at < range.end {
        // SAFETY: an all-zero structure is a valid one.
        let mut found: MEMORY_BASIC_INFORMATION = unsafe { std::mem::zeroed() };
        let size = size_of::<MEMORY_BASIC_INFORMATION>();
        // SAFETY: the system writes to a local of the size that it is told.
        if unsafe { VirtualQuery(map.at(at).cast(), &raw mut found, size) } == 0 {
            return Err(io::Error::last_os_error());
        }
        // The stretch begins with the page that was asked for.
        let end = found.BaseAddress.addr() - map.as_ptr().addr() + found.RegionSize;
        let end = range.end.min(end as u64);
        if found.State == MEM_COMMIT {
            parts.push(at..end);
        }
        at = end;
    }
    Ok(parts)
}

pub(crate) fn is_touched(memory: &Memory, map: &Map, range: Range<u64>) -> io::Result<bool> {
    touched(memory, map, range).map(|parts| !parts.is_empty())
}

impl Map {
    pub(crate) fn as_ptr(&self) -> *const u8 {
        self.start.as_ptr()
    }

    pub(crate) fn as_mut_ptr(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    fn at(&self, offset: u64) -> *mut u8 {
        self.as_mut_ptr().wrapping_add(offset as usize)
    }

    fn range(&self) -> Range<usize> {
        let start = self.as_ptr().expose_provenance();
        start..start + self.len
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        commit::forget(&self.range());
        let view = MEMORY_MAPPED_VIEW_ADDRESS { Value: self.as_mut_ptr().cast() };
        // SAFETY: the view is this one's alone, and nothing refers to it any more.
        let done = checked(unsafe { UnmapViewOfFile(view) });
        debug_assert!(done.is_ok(), "a view of ours can be unmapped");
    }
}
