//! What can be waited for.

use std::fmt;
use std::io;

use crate::heap::Signal;
use crate::sys::descriptor::Descriptor;

/// Something that [`wait`](crate::wait()) can wait for.
///
/// Another crate's type implements it by naming one that has it already, most often a descriptor: see
/// [`Source`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// struct Inbox(ipc::Receiver<u32>);
///
/// impl ipc::Waitable for Inbox {
///     fn source(&self) -> ipc::Source<'_> {
///         self.0.source()
///     }
/// }
///
/// let (sender, receiver) = ipc::channel(1)?;
/// let inbox = Inbox(receiver);
/// assert_eq!(ipc::wait(&[&inbox], Some(Duration::ZERO))?, []);
/// sender.send(7)?;
/// assert_eq!(ipc::wait(&[&inbox], None)?, [0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Waitable {
    /// What to wait for on behalf of this.
    fn source(&self) -> Source<'_>;
}

/// What is to be waited for; see [`Waitable`].
pub struct Source<'a>(pub(super) Kind<'a>);

pub(super) enum Kind<'a> {
    Descriptor(Descriptor<'a>),
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
    /// Ready when the descriptor is.
    pub(crate) fn of(descriptor: Descriptor<'a>) -> Source<'a> {
        Source(Kind::Descriptor(descriptor))
    }

    pub(crate) fn watched(watched: &'a dyn Watched) -> Source<'a> {
        Source(Kind::Watched(watched))
    }
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Descriptor(at) => f.debug_tuple("Source").field(at).finish(),
            Kind::Watched(_) => f.debug_struct("Source").finish_non_exhaustive(),
        }
    }
}
