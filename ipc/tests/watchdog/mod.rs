//! Ends a test that hangs.
#![allow(dead_code, reason = "some tests set the time themselves")]

use std::process;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// No test takes a tenth of this.
const PATIENCE: Duration = Duration::from_secs(60);

/// Calls the watchdog off when dropped.
#[must_use]
pub(crate) struct Watchdog {
    _leash: Sender<()>,
}

/// Aborts the test program if the watchdog is not dropped in time.
pub(crate) fn watch(what: &'static str) -> Watchdog {
    watch_for(what, PATIENCE)
}

/// The same for one that takes long.
pub(crate) fn watch_for(what: &'static str, patience: Duration) -> Watchdog {
    let (leash, end) = channel::<()>();
    thread::spawn(move || {
        if end.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
            eprintln!("{what} hangs");
            process::abort();
        }
    });
    Watchdog { _leash: leash }
}
