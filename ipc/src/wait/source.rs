//! What can be waited for.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::heap::Signal;

/// Something that [`wait`](crate::wait()) can wait for.
///
/// Another crate's type implements it by naming one that has it already, most often a descriptor.
///
/// # Examples
///
/// ```
/// use std::os::fd::{AsFd, OwnedFd};
/// use std::os::unix::net::UnixStream;
/// use std::time::Duration;
///
/// struct Peer(UnixStream);
///
/// impl ipc::Waitable for Peer {
///     fn source(&self) -> ipc::Source<'_> {
///         ipc::Source::descriptor(self.0.as_fd())
///     }
/// }
///
/// let (ours, theirs) = UnixStream::pair()?;
/// let peer = Peer(ours);
/// assert_eq!(ipc::wait(&[&peer], Some(Duration::ZERO))?, []);
/// drop(theirs);
/// assert_eq!(ipc::wait(&[&peer], None)?, [0]);
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Waitable {
    /// What to wait for on behalf of this.
    fn source(&self) -> Source<'_>;
}

/// What is to be waited for; see [`Waitable`].
pub struct Source<'a>(pub(super) Kind<'a>);

pub(super) enum Kind<'a> {
    Descriptor(BorrowedFd<'a>),
    Watched(&'a dyn Watched),
}

/// Something in shared memory that gives a signal when it may have become ready.
pub(crate) trait Watched {
    /// What is given whenever it may have become ready.
    fn signal(&self) -> &Signal;

    /// Whether it is ready.
    fn is_ready(&self) -> io::Result<bool>;
}

impl<'a> Source<'a> {
    /// Ready when the descriptor can be read, or its other end is gone.
    pub fn descriptor(fd: BorrowedFd<'a>) -> Source<'a> {
        Source(Kind::Descriptor(fd))
    }

    pub(crate) fn watched(watched: &'a dyn Watched) -> Source<'a> {
        Source(Kind::Watched(watched))
    }
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Descriptor(fd) => f.debug_tuple("Source").field(fd).finish(),
            Kind::Watched(_) => f.debug_struct("Source").finish_non_exhaustive(),
        }
    }
}

/// Ready when it can be read, or its other end is gone.
impl Waitable for OwnedFd {
    fn source(&self) -> Source<'_> {
        Source::descriptor(self.as_fd())
    }
}

/// Ready when it can be read, or its other end is gone.
impl Waitable for BorrowedFd<'_> {
    fn source(&self) -> Source<'_> {
        Source::descriptor(*self)
    }
}
