//! What a thread sleeps on: an object that is signalled, a socket or a pipe.

use std::net::TcpListener;
use std::os::windows::io::{
    AsHandle, AsSocket, BorrowedHandle, BorrowedSocket, OwnedHandle, OwnedSocket,
};
use std::sync::Arc;

use super::epoll::Epoll;
use super::named_pipe::Post;
use crate::wait::{Source, Waitable};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Descriptor<'a> {
    /// An event that is reset by hand, a process, or the like: looking at it does not change it.
    Object(BorrowedHandle<'a>),
    Socket(BorrowedSocket<'a>),
    Pipe(&'a Arc<dyn Post>),
    Set(&'a Epoll),
}

/// Has a descriptor.
pub(crate) trait AsDescriptor {
    fn descriptor(&self) -> Descriptor<'_>;
}

impl AsDescriptor for TcpListener {
    fn descriptor(&self) -> Descriptor<'_> {
        Descriptor::Socket(self.as_socket())
    }
}

impl<'a> Source<'a> {
    /// Ready when the object is signalled: an event that is reset by hand, a process that has ended, and whatever
    /// else stays signalled when somebody looks.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::os::windows::io::AsHandle;
    /// use std::process::{Child, Command};
    ///
    /// struct Running(Child);
    ///
    /// impl ipc::Waitable for Running {
    ///     fn source(&self) -> ipc::Source<'_> {
    ///         ipc::Source::object(self.0.as_handle())
    ///     }
    /// }
    ///
    /// let running = Running(Command::new("cmd").args(["/C", "exit"]).spawn()?);
    /// assert_eq!(ipc::wait(&[&running], None)?, [0]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn object(object: BorrowedHandle<'a>) -> Source<'a> {
        Source::of(Descriptor::Object(object))
    }

    /// Ready when the socket can be read, or its other end is gone. It has to be an overlapped one, as those of the
    /// standard library are.
    pub fn socket(socket: BorrowedSocket<'a>) -> Source<'a> {
        Source::of(Descriptor::Socket(socket))
    }
}

/// Ready when it is signalled: see [`Source::object`].
impl Waitable for OwnedHandle {
    fn source(&self) -> Source<'_> {
        Source::object(self.as_handle())
    }
}

/// Ready when it is signalled: see [`Source::object`].
impl Waitable for BorrowedHandle<'_> {
    fn source(&self) -> Source<'_> {
        Source::object(*self)
    }
}

/// Ready when it can be read, or its other end is gone.
impl Waitable for OwnedSocket {
    fn source(&self) -> Source<'_> {
        Source::socket(self.as_socket())
    }
}

/// Ready when it can be read, or its other end is gone.
impl Waitable for BorrowedSocket<'_> {
    fn source(&self) -> Source<'_> {
        Source::socket(*self)
    }
}
