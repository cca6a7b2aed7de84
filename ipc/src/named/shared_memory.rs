//! `SharedMemory`: bytes that other programs find by a name.
#![expect(unsafe_code, reason = "lends shared memory as slices, at the caller's word")]

use std::fmt;
use std::io;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::sys::access;
use crate::sys::memory::Map;
use crate::sys::names::{self, Draft, Id, Segment};

/// A block of bytes with a name, by which any program of the same user can use it too.
///
/// It is the one door between programs. Within a program [`Shared`](crate::Shared) and
/// [`Owned`](crate::Owned) are better in every way: typed, dropped when the last handle is, and at
/// home in messages.
///
/// The bytes are all zero at first. There is no order between those who read and write them but what
/// they agree on; with [`as_ptr`](SharedMemory::as_ptr) they can use atomics.
///
/// # Names
///
/// A name has up to 255 bytes and no `/` or NUL. It belongs to the user: programs of other users
/// cannot attach, and can use the same name. It can be used again as soon as the last handle is gone,
/// or after [`unlink`](SharedMemory::unlink). Only `unlink` takes a name from memory that is in use;
/// the end of a process that attached, or a handle that is dropped, never does.
///
/// # Process death
///
/// The memory lives until the last handle to it, in whatever program, is dropped or its process is
/// gone, killed or not. Then the kernel frees it, and the name can be used again. What may be left is
/// the name's file of 2 KiB, which the next use of any name by the same user removes. Which names are
/// alive is told by locks that the kernel drops with their holder, never by time.
///
/// Creating, attaching and unlinking wait for one another, name by name: for microseconds, unless a
/// process is *stopped* (SIGSTOP) in the middle of it. The child of a plain fork can use its parent's
/// handles, but a name that the parent gave up can be used again by others at once.
///
/// # Messages
///
/// In a message it is its name: the receiver attaches, while the sender, or anybody, still has it.
/// Should the name lead to other memory by then, or nowhere, the message cannot be decoded.
///
/// # Examples
///
/// Two handles, which could be in two programs:
///
/// ```
/// use ipc::SharedMemory;
///
/// let memory = SharedMemory::create(4096)?;
/// let same = SharedMemory::attach(memory.name())?;
/// memory.write_at(b"hello", 100)?;
/// let mut bytes = [0; 5];
/// same.read_at(&mut bytes, 100)?;
/// assert_eq!(&bytes, b"hello");
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias("shared_memory", "shm_open"))]
pub struct SharedMemory {
    segment: Segment,
}

impl SharedMemory {
    /// New memory of `len` bytes under a name that nobody uses, of 12 characters.
    ///
    /// # Errors
    /// `InvalidInput` if `len` is 0 or larger than an address space, `FileTooLarge` if it is more than a file of
    /// this process may have (`ulimit -f`); else the system's own errors.
    pub fn create(len: usize) -> io::Result<SharedMemory> {
        create(None, len, |_| Ok(()))
    }

    /// New memory of `len` bytes under a name.
    ///
    /// # Errors
    /// `AlreadyExists` if somebody has memory of that name. `InvalidInput` if `len` is 0 or larger than
    /// an address space, or the name cannot be one, `FileTooLarge` if it is more than a file of this process may
    /// have (`ulimit -f`). `PermissionDenied` if another user has put something
    /// where the names of this user should be. Else the system's own errors.
    pub fn create_named(name: &str, len: usize) -> io::Result<SharedMemory> {
        create(Some(name), len, |_| Ok(()))
    }

    /// The memory that somebody created under that name.
    ///
    /// # Errors
    /// `NotFound` if there is none, or the last that had it are just ending. `InvalidInput` if the
    /// name cannot be one. `InvalidData` if it was made by a version of this library that keeps it in
    /// another way. `PermissionDenied` or `Unsupported` if it is there but this process cannot look
    /// into those that have it; in another PID namespace, for instance. Else the system's own errors.
    pub fn attach(name: &str) -> io::Result<SharedMemory> {
        attach(name, None)
    }

    /// By which others attach.
    pub fn name(&self) -> &str {
        self.segment.name()
    }

    /// How many bytes there are. This never changes.
    #[doc(alias = "size")]
    pub fn len(&self) -> usize {
        self.map().len()
    }

    /// Never: there is at least one byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `buffer` with the bytes at `offset`. What somebody writes meanwhile may be in it in parts.
    ///
    /// # Errors
    /// `InvalidInput` if not all of it lies within the memory. Nothing is read then.
    pub fn read_at(&self, buffer: &mut [u8], offset: usize) -> io::Result<()> {
        access::read(self.map(), buffer, offset)
    }

    /// Writes all of `bytes` at `offset`. Whoever reads meanwhile may see it in parts, and the death
    /// of this process in the middle leaves a part.
    ///
    /// # Errors
    /// `InvalidInput` if not all of it lies within the memory. Nothing is written then.
    pub fn write_at(&self, bytes: &[u8], offset: usize) -> io::Result<()> {
        access::write(self.map(), bytes, offset)
    }

    /// Where the memory lies in this process, aligned to a page. For atomics, or what the programs
    /// agreed on. Valid while this handle is.
    pub fn as_ptr(&self) -> *mut u8 {
        self.map().as_mut_ptr()
    }

    /// The bytes themselves, without a copy.
    ///
    /// # Safety
    /// As long as the slice is in use nobody writes to the memory: by no handle, in no process.
    pub unsafe fn as_slice(&self) -> &[u8] {
        // SAFETY: the whole mapping, which lives as long as `self`; that nobody writes is the caller's
        // promise.
        unsafe { std::slice::from_raw_parts(self.as_ptr(), self.len()) }
    }

    /// The bytes themselves, to be changed without a copy.
    ///
    /// # Safety
    /// As long as the slice is in use nobody else reads or writes the memory: by no handle, in no
    /// process.
    #[doc(alias = "buf")]
    pub unsafe fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: the whole mapping, which lives as long as `self`; that nobody else uses it is the
        // caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.as_ptr(), self.len()) }
    }

    /// Lets go of the memory, as a drop does. It stays, and keeps its name, as long as somebody else
    /// has it.
    pub fn close(self) {}

    /// Takes the name from the memory. Handles stay good, and the name can be used again at once.
    ///
    /// # Errors
    /// `NotFound` if the memory has lost its name already, even if other memory has it now.
    pub fn unlink(&self) -> io::Result<()> {
        self.segment.unlink()
    }

    pub(crate) fn map(&self) -> &Map {
        self.segment.map()
    }

    pub(crate) fn segment(&self) -> &Segment {
        &self.segment
    }
}

/// New memory, which `fill` writes to before anybody can attach. A name is made up if none is given.
pub(crate) fn create(
    name: Option<&str>,
    len: usize,
    fill: impl FnOnce(&Map) -> io::Result<()>,
) -> io::Result<SharedMemory> {
    if len == 0 {
        return Err(refuse("shared memory has at least one byte"));
    }
    if len > isize::MAX as usize {
        return Err(refuse("more bytes than there are addresses for"));
    }
    name.map_or(Ok(()), check)?;
    let draft = match name {
        Some(name) => names::create(name, len as u64)?,
        None => create_unnamed(len)?,
    };
    fill(draft.map())?;
    Ok(SharedMemory { segment: draft.publish()? })
}

fn create_unnamed(len: usize) -> io::Result<Draft> {
    loop {
        let name = format!("psm_{:08x}", names::random()? as u32);
        match names::create(&name, len as u64) {
            // Somebody has made up the same.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => return created,
        }
    }
}

/// The memory of that name; segment `id`, if it must be a certain one.
fn attach(name: &str, id: Option<Id>) -> io::Result<SharedMemory> {
    check(name)?;
    Ok(SharedMemory { segment: names::attach(name, id)? })
}

/// What every file system takes for a file's name.
const LONGEST_NAME: usize = 255;

fn check(name: &str) -> io::Result<()> {
    if name.is_empty() || matches!(name, "." | "..") || name.contains(['/', '\0']) {
        return Err(refuse("a name is not empty, `.` or `..`, and has no `/` or NUL in it"));
    }
    if name.len() > LONGEST_NAME {
        return Err(refuse("a name has at most 255 bytes"));
    }
    Ok(())
}

fn refuse(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

impl fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("SharedMemory");
        out.field("name", &self.name()).field("len", &self.len()).finish_non_exhaustive()
    }
}

impl Serialize for SharedMemory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.name(), self.segment.id()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SharedMemory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SharedMemory, D::Error> {
        let (name, id) = <(String, Id)>::deserialize(deserializer)?;
        attach(&name, Some(id)).map_err(|error| {
            serde::de::Error::custom(format_args!("cannot attach to `{name}`: {error}"))
        })
    }
}
