//! Paths at which listeners are found.
//!
//! Nothing is in the file system: the path is the name of a pipe, which goes with its listener, however that ends.

use std::fmt::Write;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use sync_prims::Deadline;

use super::super::descriptor::{AsDescriptor, Descriptor};
use super::super::poll::Events;
use super::end::{self, End};
use super::lookout::{Lookout, Post};
use super::stream::{PipeStream, ROOM};
use super::user;

/// A path that leads to a listener of this process, until dropped.
#[derive(Debug)]
pub(crate) struct Door {
    name: String,
    /// Says that somebody listens at the path, and nobody opens it. Of the pipes that clients open there may be one that a
    /// client of a listener that was killed has open.
    _claim: End,
    entrance: Arc<Entrance>,
    /// The same, for who sleeps there.
    post: Arc<dyn Post>,
}

/// The pipe that the next client opens. There is one as long as there is the door.
#[derive(Debug)]
struct Entrance(Mutex<Option<Arc<End>>>);

impl Door {
    /// Lets the path lead here; `AddrInUse` if it leads to a listener already.
    pub(crate) fn new(path: &Path) -> io::Result<Door> {
        let name = name(path)?;
        let _claim = End::create(&format!("{name}-claim"), ROOM, true)?;
        let next = End::create(&name, ROOM, false)?;
        let entrance = Arc::new(Entrance(Mutex::new(Some(Arc::new(next)))));
        let post = Arc::clone(&entrance) as Arc<dyn Post>;
        Ok(Door { name, _claim, entrance, post })
    }

    /// The next connection; none is `WouldBlock`.
    pub(crate) fn accept(&self) -> io::Result<PipeStream> {
        let come = {
            let mut next = self.entrance.next();
            let Some(come) = next.as_ref().filter(|next| next.is_taken()).cloned() else {
                return Err(io::ErrorKind::WouldBlock.into());
            };
            *next = Some(Arc::new(End::create(&self.name, ROOM, false)?));
            come
        };
        PipeStream::to_client(come).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => io::ErrorKind::ConnectionAborted.into(),
            _ => error,
        })
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let next = self.entrance.next().take();
        next.iter().for_each(|next| next.wake());
    }
}

impl Entrance {
    fn next(&self) -> MutexGuard<'_, Option<Arc<End>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ready when somebody has come.
impl Post for Entrance {
    fn look(&self, asked: Events, lookout: &mut Lookout) {
        match &*self.next() {
            Some(next) if asked.has(Events::READ) => lookout.for_client(next),
            _ => {}
        }
    }

    fn ready(&self, asked: Events) -> Events {
        let come = self.next().as_ref().is_some_and(|next| next.is_taken());
        Events::NONE.and_if(Events::READ, come && asked.has(Events::READ))
    }
}

impl AsDescriptor for Door {
    fn descriptor(&self) -> Descriptor<'_> {
        Descriptor::Pipe(&self.post)
    }
}

/// Connects to who listens at the path, within `timeout`; `NotFound` if nobody does.
pub(crate) fn connect(path: &Path, timeout: Duration) -> io::Result<PipeStream> {
    let (name, deadline) = (name(path)?, Deadline::after(timeout));
    loop {
        match End::open(&name) {
            Ok(end) => {
                let stream = PipeStream::to_listener(&Arc::new(end), deadline);
                return stream.map_err(|error| match error.kind() {
                    io::ErrorKind::BrokenPipe => io::ErrorKind::ConnectionRefused.into(),
                    _ => error,
                });
            }
            // It has let somebody in, and is about to make another pipe.
            Err(error) if end::is_busy(&error) => end::until_free(&name, deadline)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let why = format!("nobody listens at {}", path.display());
                return Err(io::Error::new(error.kind(), why));
            }
            Err(error) => return Err(error),
        }
    }
}

/// What the pipe of a path is called. Paths are of their user.
pub(super) fn name(path: &Path) -> io::Result<String> {
    let invalid = |why| io::Error::new(io::ErrorKind::InvalidInput, why);
    if path.as_os_str().is_empty() {
        return Err(invalid("a listener's path is not empty"));
    }
    let path = std::path::absolute(path)?;
    let path = path.to_str().ok_or_else(|| invalid("a listener's path is Unicode"))?;
    // As the file system has it, paths that differ in nothing else are the same.
    let of_user = format!("{}:{}", user::ours()?, path.to_lowercase());
    // A path has more letters than the name of a pipe may.
    let mut name = r"\\.\pipe\tandem-".to_owned();
    for byte in Sha256::digest(of_user) {
        let _ = write!(name, "{byte:02x}");
    }
    Ok(name)
}
