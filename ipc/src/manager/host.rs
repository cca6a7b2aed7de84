//! Where a server may run.

use std::io;
use std::time::Duration;

use super::error::RemotePanic;
use super::server::Server;

/// Where a manager's server may run: `proc_spawn`'s `Process` and `Thread` are hosts.
///
/// A host calls [`Server::run`], in whatever process or thread it makes for it.
pub trait Host {
    /// What the manager keeps of the server that runs. Dropping it may end it.
    type Running: Send + 'static;

    /// Has the server run, without waiting for it.
    ///
    /// # Errors
    /// Why it does not run.
    fn host(server: Server) -> io::Result<Self::Running>;

    /// Waits for the end of a server that was told to end, for at most `patience` (`None`: for ever), and
    /// ends it by force after that if it can be. `false` if it runs on.
    fn end(running: Self::Running, patience: Option<Duration>) -> bool;
}

/// Calls the function and, if it panics, says what the panic was. See [`Server::run`].
pub type Catch = fn(&mut dyn FnMut()) -> Result<(), RemotePanic>;
