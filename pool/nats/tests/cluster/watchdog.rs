//! Ends a test that hangs.

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

/// Aborts the test program if the watchdog is not dropped in time. Its workers end with it.
pub(crate) fn watch(what: &'static str) -> Watchdog {
    let (leash, end) = channel::<()>();
    thread::spawn(move || {
        if end.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            eprintln!("{what} hangs");
            process::abort();
        }
    });
    Watchdog { _leash: leash }
}
