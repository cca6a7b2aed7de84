//! Tests of every kind of listener.

use std::io::{self, ErrorKind};

use ipc::{Address, Connection, Listener};

use crate::listening::{KEY, unix};
use crate::watchdog::watch;

/// Calls `f` with a listener of each kind.
pub(crate) fn on_each(what: &'static str, f: impl Fn(Listener)) {
    let _watchdog = watch(what);
    let directory = tempfile::tempdir().unwrap();
    f(Listener::bind(&unix(&directory), KEY).unwrap());
    f(Listener::bind(&Address::Tcp(([127, 0, 0, 1], 0).into()), KEY).unwrap());
}

pub(crate) fn denied<S, R>(result: &io::Result<Connection<S, R>>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}
