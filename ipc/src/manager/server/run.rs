//! `Server`.

use std::fmt;
use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::core::Core;
use super::crew::enlist;
use super::watch::{Nudge, watch};
use crate::channel::{Receiver, Sender, Untyped};
use crate::manager::host::Catch;

/// A manager's server, before it runs. It is a value: a [`Host`](crate::Host) takes it to where it is to
/// run.
///
/// # Process death
///
/// A server that is dropped without having run, or whose process dies, is gone: every call fails at once.
#[derive(Serialize, Deserialize)]
pub struct Server {
    pub(in crate::manager) inbox: Receiver<Untyped>,
    /// The manager has the other end.
    pub(in crate::manager) control: Receiver<()>,
    /// The same. It is there as long as a thread of the server is.
    pub(in crate::manager) alive: Sender<()>,
}

impl Server {
    /// Serves until the manager is shut down or gone. Functions of the user's run on threads that this
    /// starts, each within `catch`, which is to tell of a panic what it can.
    ///
    /// # Errors
    /// The system is out of memory, threads or descriptors.
    pub fn run(self, catch: Catch) -> io::Result<()> {
        let Server { inbox, control, alive } = self;
        let (nudge, nudged) = Nudge::new()?;
        let core = Arc::new(Core::new(inbox, catch, nudge, alive)?);
        let served = enlist(&core).and_then(|()| watch(&core, &control, &nudged));
        core.end();
        served
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}
