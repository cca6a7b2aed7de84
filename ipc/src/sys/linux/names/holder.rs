//! The memory itself, and how to get it from whoever has it.
#![expect(unsafe_code, reason = "memfd_create, fcntl and getrandom are foreign functions")]

use std::ffi::CString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::super::namespace;
use super::record::{Holder, PLACES, Record};
use crate::sys::memory::{self, Memory};
use crate::sys::unix::names::lock::{self, Mode};
use crate::sys::unix::names::{Id, gone};

/// 128 bits that nobody else has.
pub(crate) fn random() -> io::Result<u128> {
    let mut bits = 0u128;
    let size = size_of::<u128>();
    // SAFETY: writes at most `size` bytes to a local of that size, for which any bits are valid.
    let written = unsafe { libc::getrandom((&raw mut bits).cast(), size, 0) };
    if written < 0 {
        return Err(io::Error::last_os_error());
    }
    // Up to 256 bytes come whole.
    assert_eq!(written as usize, size, "the kernel promises small amounts whole");
    Ok(bits)
}

/// The kernel keeps the name that memory was made with, and nobody can change it: it says which
/// segment this is.
fn name_of(id: Id) -> String {
    format!("tandem-{id}")
}

/// Where the directories of names are. The first is on every usual Linux, in memory and empty after a start;
/// both are such that nobody can remove what belongs to another.
const PARENTS: [&str; 2] = ["/dev/shm", "/tmp"];

pub(in crate::sys) fn parent() -> io::Result<PathBuf> {
    let parents = PARENTS.map(Path::new);
    let parent = parents.into_iter().find(|parent| parent.is_dir()).unwrap_or(parents[1]);
    Ok(parent.to_owned())
}

/// New memory for segment `id`, all zero, of a size that cannot change; the file says that nobody has it yet.
pub(in crate::sys) fn create(file: &File, id: Id, len: u64) -> io::Result<Memory> {
    let memory = memory(&name_of(id), len)?;
    Record::begin(file, id)?;
    Ok(memory)
}

/// What the file says.
pub(in crate::sys) fn read(file: &File) -> io::Result<Record> {
    Record::read(file)
}

/// Lets others know that this process has the memory.
pub(in crate::sys) fn announce(file: &File, memory: &Memory) -> io::Result<()> {
    let here = Holder {
        pid: std::process::id(),
        fd: memory.as_raw_fd() as u32,
        namespace: namespace::pid()?,
    };
    for place in 0..PLACES {
        if lock::try_lock(file, entry(place), Mode::Exclusive)? {
            return here.write(file, place);
        }
    }
    Ok(())
}

/// Opens the file anew, if that can be: apart from what was open before, it has locks of its own.
pub(in crate::sys) fn open_again(file: &File) -> Option<File> {
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    OpenOptions::new().read(true).write(true).open(path).ok()
}

/// Takes away what the file led to from those who come later. The kernel frees memory by itself.
pub(in crate::sys) fn bury(_: &File) -> io::Result<()> {
    Ok(())
}

pub(super) fn memory(name: &str, len: u64) -> io::Result<OwnedFd> {
    memory::check_size(len)?;
    let name = CString::new(name)?;
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    // SAFETY: the name is a C string that outlives the call.
    let fd = unsafe { libc::memfd_create(name.as_ptr(), flags) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just gave us this descriptor and nobody else knows it.
    let file = unsafe { File::from_raw_fd(fd) };
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.set_len(len)?;
    // A size that cannot change means that no access within a mapping can ever raise SIGBUS.
    let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
    // SAFETY: F_ADD_SEALS takes an integer and touches no memory of ours.
    if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(file.into())
}

/// Opens the memory of a living segment where one of its holders has it.
///
/// # Errors
/// `NotFound` if the last holders are just ending. `PermissionDenied` or `Unsupported` if there are
/// some, but this process cannot get at them.
pub(in crate::sys) fn reach(record: &Record, file: &File) -> io::Result<OwnedFd> {
    let here = namespace::pid()?;
    let mut denied = None;
    for (place, holder) in &record.holders {
        if holder.namespace != here {
            if lock::is_taken(file, entry(*place))? {
                let message = "whoever has the memory is in another PID namespace";
                denied = Some(io::Error::new(io::ErrorKind::Unsupported, message));
            }
            continue;
        }
        match open(&format!("/proc/{}/fd/{}", holder.pid, holder.fd), record.id) {
            Ok(Some(found)) => return Ok(found),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => denied = Some(error),
            // That process has gone or closed it, or what stands there is no descriptor at all.
            Ok(None) | Err(_) => {}
        }
    }
    match search(record.id) {
        Some(found) => Ok(found),
        None => Err(denied.unwrap_or_else(gone)),
    }
}

/// The first entry's lock; each has one of its own, beyond those of all names.
const FIRST: u64 = 64;

/// The lock that says that entry `place` is taken.
fn entry(place: usize) -> u64 {
    FIRST + 2 * place as u64
}

/// Opens what a descriptor of another process leads to, if it is the memory of segment `id`.
///
/// Opening is not without effect on all that a descriptor can be, so it is first only pointed at
/// (`O_PATH`), and opened when it was seen to be the right thing.
fn open(path: &str, id: Id) -> io::Result<Option<OwnedFd>> {
    let pinned = OpenOptions::new().read(true).custom_flags(libc::O_PATH).open(path)?;
    let pinned_path = format!("/proc/self/fd/{}", pinned.as_raw_fd());
    if !leads_to(Path::new(&pinned_path), id) {
        return Ok(None);
    }
    let opened = OpenOptions::new().read(true).write(true).open(pinned_path)?;
    Ok(Some(opened.into()))
}

fn leads_to(descriptor: &Path, id: Id) -> bool {
    let expected = format!("/memfd:{} (deleted)", name_of(id));
    fs::read_link(descriptor).is_ok_and(|target| target.as_os_str() == expected.as_str())
}

/// Looks for the memory in all processes: whoever has it may be a child of a plain fork, or one of
/// more holders than the file has entries for.
fn search(id: Id) -> Option<OwnedFd> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let processes = processes
        .filter(|process| process.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit));
    // Those of others cannot be looked into.
    let tables = processes.filter_map(|process| fs::read_dir(process.path().join("fd")).ok());
    let paths = tables.flat_map(|table| table.flatten().map(|descriptor| descriptor.path()));
    let mut found = paths.filter(|path| leads_to(path, id));
    found.find_map(|path| open(path.to_str()?, id).ok().flatten())
}
