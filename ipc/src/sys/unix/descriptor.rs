//! What a thread sleeps on: a file descriptor.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::wait::{Source, Waitable};

pub(crate) type Descriptor<'a> = BorrowedFd<'a>;

/// Has a descriptor.
pub(crate) trait AsDescriptor {
    fn descriptor(&self) -> Descriptor<'_>;
}

impl<T: AsFd> AsDescriptor for T {
    fn descriptor(&self) -> Descriptor<'_> {
        self.as_fd()
    }
}

impl<'a> Source<'a> {
    /// Ready when the descriptor can be read, or its other end is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::os::fd::AsFd;
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
    pub fn descriptor(fd: BorrowedFd<'a>) -> Source<'a> {
        Source::of(fd)
    }
}

/// Ready when it can be read, or its other end is gone.
impl Waitable for OwnedFd {
    fn source(&self) -> Source<'_> {
        Source::of(self.as_fd())
    }
}

/// Ready when it can be read, or its other end is gone.
impl Waitable for BorrowedFd<'_> {
    fn source(&self) -> Source<'_> {
        Source::of(*self)
    }
}
