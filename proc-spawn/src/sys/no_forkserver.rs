//! What there is where no process can make a copy of itself for the one that asked: no fork server.

use std::ffi::OsString;
use std::io;

use super::end::Reference;
use super::start::Start;

/// Nothing can be started so.
pub(crate) fn start(_: &Start<'_>, _prepare: impl Fn() -> Vec<u8>) -> io::Result<(u32, Reference)> {
    let why = "only Linux can have a fork server: start with StartMethod::Spawn";
    Err(io::Error::new(io::ErrorKind::Unsupported, why))
}

/// There is nothing that would begin with another one.
pub(crate) fn has_environment(_wanted: &[(OsString, OsString)]) -> bool {
    true
}

/// No process is one.
pub(crate) fn is_fork_server() -> bool {
    false
}

/// Is never called: see [`is_fork_server`].
pub(crate) fn serve(_prepare: impl FnOnce(&[u8])) {}

/// There is none to be kept.
pub(crate) fn hold() -> Held {
    Held
}

/// See [`hold`].
pub(crate) struct Held;

impl Held {
    /// There is none to be forgotten.
    pub(crate) fn forget(self) {}
}

/// There is none to be ended.
pub(crate) fn end() {}
