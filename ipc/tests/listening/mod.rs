//! What the suites of listeners share.

use std::io::{self, ErrorKind};
use std::thread;

use ipc::{Address, Client, Connection, Listener};
use tempfile::TempDir;

use crate::watchdog::watch;

pub(crate) const KEY: &[u8] = b"correct horse battery staple";

pub(crate) fn unix(directory: &TempDir) -> Address {
    Address::Unix(directory.path().join("socket"))
}

/// A client that sends one number, on a thread; and that number as it came.
pub(crate) fn is_served(listener: &Listener) -> bool {
    let address = listener.address().clone();
    let client = thread::spawn(move || {
        Client::connect::<u32, ()>(&address, KEY).unwrap().send(42).unwrap();
    });
    let served = listener.accept::<(), u32>().unwrap().recv().unwrap() == 42;
    client.join().unwrap();
    served
}

/// Calls `f` with a listener of each kind.
#[allow(dead_code, reason = "some suites are of one kind")]
pub(crate) fn on_each(what: &'static str, f: impl Fn(Listener)) {
    let _watchdog = watch(what);
    let directory = tempfile::tempdir().unwrap();
    f(Listener::bind(&unix(&directory), KEY).unwrap());
    f(Listener::bind(&Address::Tcp(([127, 0, 0, 1], 0).into()), KEY).unwrap());
}

#[allow(dead_code, reason = "some suites have no client that is refused")]
pub(crate) fn denied<S, R>(result: &io::Result<Connection<S, R>>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}
