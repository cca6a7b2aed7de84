//! Starts this program's image anew, by posix_spawn: neither threads nor the size of the parent
//! matter, since no memory is copied.
//!
//! **Descriptors.** The child has 0, 1 and 2, the hand-over at 3, and nothing else. Ours are all
//! close-on-exec, but a descriptor that the user made inheritable for some other program's sake
//! must not live on in every worker.
//!
//! **Signals.** The child begins with no signal blocked, whatever the thread that starts it has
//! blocked (but see `interrupt`), and with SIGCHLD at its default, since the end of its own
//! children could not be learnt otherwise. Which other signals are ignored is inherited, as
//! everywhere; handlers never are.
#![expect(unsafe_code, reason = "posix_spawn and its attributes are foreign functions")]

use std::ffi::{CStr, CString, OsStr, OsString};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::{env, ptr};

use ipc::rendezvous::Invitation;

use super::interrupt;
use crate::sys::end::{self, Reference};
use crate::sys::spawn;

/// What a child is started with.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    /// The file to start, if not the one that this process runs.
    pub(crate) image: Option<&'a Path>,
    /// Becomes the child's descriptor 3.
    pub(crate) handover: BorrowedFd<'a>,
    /// Become the child's 0, 1 and 2; where there is none it inherits ours.
    pub(crate) streams: [Option<BorrowedFd<'a>>; 3],
    /// Where the child begins.
    pub(crate) directory: Option<&'a Path>,
    /// All of its environment.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// An interrupt is to wait until the child has made up its mind about interrupts.
    pub(crate) hold_interrupt: bool,
}

/// What a child is handed over by.
pub(crate) fn handover(invitation: &Invitation, _is_daemon: bool) -> BorrowedFd<'_> {
    // A daemon learns of its parent's end by the line.
    invitation.child_end()
}

/// Starts the child.
pub(crate) fn start(start: Start<'_>) -> io::Result<(u32, Reference)> {
    // The child's 0 to 3 are put in place one after the other; a source among these numbers could
    // be overwritten before its turn.
    let handover = Source::above(start.handover)?;
    let mut streams = [const { None::<Source<'_>> }; 3];
    for (slot, stream) in streams.iter_mut().zip(start.streams) {
        *slot = stream.map(Source::above).transpose()?;
    }

    let mut actions = Actions::new()?;
    for (target, source) in (0..).zip(&streams) {
        if let Some(source) = source {
            actions.put(source.raw(), target)?;
        }
    }
    actions.put(handover.raw(), HANDOVER)?;
    spawn::leave_out_others(&mut actions.0, start.streams.map(|stream| stream.is_some()))?;
    if let Some(directory) = start.directory {
        actions.change_directory(&c_string(directory.as_os_str().to_owned())?)?;
    }
    let attributes = Attributes::new(start.hold_interrupt)?;

    let arguments = Strings::new(env::args_os(), |argument, text| text.extend(argument.as_bytes()));
    let environment = Strings::new(start.environment, |(name, value), text| {
        text.extend(name.as_bytes());
        text.push(b'=');
        text.extend(value.as_bytes());
    });

    let image = match start.image {
        Some(path) => c_string(path.as_os_str().to_owned())?.into(),
        None => spawn::image()?,
    };

    let mut pid = 0;
    // SAFETY: actions and attributes are initialised (their constructors), the two vectors are
    // null-terminated and point to strings, and all of it outlives the call.
    check(unsafe {
        libc::posix_spawn(
            &raw mut pid,
            image.as_ptr(),
            &raw const actions.0,
            &raw const attributes.0,
            arguments.as_ptr(),
            environment.as_ptr(),
        )
    })?;
    let pid = pid as u32;
    match Reference::of_child(pid) {
        Ok(pidfd) => Ok((pid, pidfd)),
        Err(error) => {
            end::discard(pid);
            Err(error)
        }
    }
}

/// `/dev/null`, for reading and writing.
pub(crate) fn open_null() -> io::Result<OwnedFd> {
    File::options().read(true).write(true).open("/dev/null").map(OwnedFd::from)
}

/// Borrows descriptors.
pub(crate) fn lend(owned: &[Option<OwnedFd>; 3]) -> [Option<BorrowedFd<'_>>; 3] {
    owned.each_ref().map(|owned| owned.as_ref().map(AsFd::as_fd))
}

pub(in crate::sys) const HANDOVER: RawFd = Invitation::CHILD_END;

/// A descriptor whose number is not one of the targets.
enum Source<'a> {
    Lent(BorrowedFd<'a>),
    Copied(OwnedFd),
}

impl<'a> Source<'a> {
    fn above(fd: BorrowedFd<'a>) -> io::Result<Self> {
        if fd.as_raw_fd() > HANDOVER {
            return Ok(Self::Lent(fd));
        }
        // SAFETY: takes integers and touches no memory of ours.
        let copy = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, HANDOVER + 1) };
        if copy < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel just gave us this descriptor and nobody else knows it.
        Ok(Self::Copied(unsafe { OwnedFd::from_raw_fd(copy) }))
    }

    fn raw(&self) -> RawFd {
        match self {
            Self::Lent(fd) => fd.as_raw_fd(),
            Self::Copied(fd) => fd.as_raw_fd(),
        }
    }
}

/// What the child does between its birth and the exec, in this order.
struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    fn new() -> io::Result<Self> {
        let mut actions = MaybeUninit::uninit();
        // SAFETY: init writes the structure behind the pointer; it is read only if it succeeded.
        // The libc allows it to be moved: it holds counts and a pointer to its own heap block.
        unsafe {
            check(libc::posix_spawn_file_actions_init(actions.as_mut_ptr()))?;
            Ok(Self(actions.assume_init()))
        }
    }

    fn put(&mut self, source: RawFd, target: RawFd) -> io::Result<()> {
        // SAFETY: the structure is initialised.
        check(unsafe { libc::posix_spawn_file_actions_adddup2(&raw mut self.0, source, target) })
    }

    fn change_directory(&mut self, directory: &CStr) -> io::Result<()> {
        // SAFETY: the structure is initialised; the string is copied before the call returns.
        check(unsafe {
            libc::posix_spawn_file_actions_addchdir_np(&raw mut self.0, directory.as_ptr())
        })
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: the structure is initialised and not used again.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.0) };
    }
}

/// The child's signals.
struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    fn new(hold_interrupt: bool) -> io::Result<Self> {
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: init writes the structure behind the pointer; it is read only if it succeeded.
        let mut this = unsafe {
            check(libc::posix_spawnattr_init(attributes.as_mut_ptr()))?;
            Self(attributes.assume_init())
        };
        let flags = libc::POSIX_SPAWN_SETSIGMASK | libc::POSIX_SPAWN_SETSIGDEF | spawn::FLAGS;
        let mut blocked = interrupt::no_signals();
        let mut default = interrupt::no_signals();
        // SAFETY: the sets are initialised, and so is the structure; the setters copy the sets.
        unsafe {
            if hold_interrupt {
                libc::sigaddset(&raw mut blocked, libc::SIGINT);
            }
            check(libc::posix_spawnattr_setsigmask(&raw mut this.0, &raw const blocked))?;
            libc::sigaddset(&raw mut default, libc::SIGCHLD);
            if interrupt::is_ignored() {
                libc::sigaddset(&raw mut default, libc::SIGINT);
            }
            check(libc::posix_spawnattr_setsigdefault(&raw mut this.0, &raw const default))?;
            check(libc::posix_spawnattr_setflags(&raw mut this.0, flags as libc::c_short))?;
        }
        Ok(this)
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: the structure is initialised and not used again.
        unsafe { libc::posix_spawnattr_destroy(&raw mut self.0) };
    }
}

/// Strings and the null-terminated vector of pointers to them.
struct Strings {
    pointers: Vec<*mut libc::c_char>,
    /// What the pointers point into; its heap block stays where it is.
    _text: Vec<u8>,
}

impl Strings {
    /// `write` appends one string, which has no zero byte; with one it would only be shorter.
    fn new<T>(strings: impl IntoIterator<Item = T>, write: impl Fn(T, &mut Vec<u8>)) -> Self {
        let (mut text, mut starts) = (Vec::with_capacity(4096), Vec::with_capacity(64));
        for string in strings {
            starts.push(text.len());
            write(string, &mut text);
            text.push(0);
        }
        let address = |start| text[start..].as_ptr().cast_mut().cast();
        let pointers = starts.into_iter().map(address).chain([ptr::null_mut()]).collect();
        Self { pointers, _text: text }
    }

    fn as_ptr(&self) -> *const *mut libc::c_char {
        self.pointers.as_ptr()
    }
}

fn c_string(text: impl Into<OsString>) -> io::Result<CString> {
    let text: OsString = text.into();
    CString::new(text.into_vec()).map_err(|error| {
        let text = OsString::from_vec(error.into_vec());
        io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{:?} contains a zero byte", OsStr::display(&text).to_string()),
        )
    })
}

/// The posix_spawn family returns its error instead of setting errno.
pub(in crate::sys) fn check(error: libc::c_int) -> io::Result<()> {
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
}
