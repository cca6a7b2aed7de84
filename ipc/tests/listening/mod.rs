//! What the suites of listeners share.

use std::thread;

use ipc::{Address, Client, Listener};
use tempfile::TempDir;

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
