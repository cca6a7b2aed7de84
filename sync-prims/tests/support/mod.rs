//! What the tests of this crate share: shared memory, children that die, and watchdogs.
#![expect(unsafe_code, reason = "maps memory and forks")]
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

pub mod arena;
pub mod child;
pub mod world;

use std::sync::mpsc;
use std::time::Duration;

/// Runs a test, and ends the whole test binary if it takes unreasonably long: what these tests
/// look for are hangs.
pub fn within<R: Send + 'static>(limit: Duration, test: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, finished) = mpsc::channel::<()>();
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    let worker = std::thread::spawn(move || {
        let result = test();
        drop(done);
        result
    });
    if finished.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout) {
        eprintln!("{name} hangs: {limit:?} are over");
        std::process::abort();
    }
    match worker.join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// [`within`] a time that is ample for any test here.
pub fn guarded<R: Send + 'static>(test: impl FnOnce() -> R + Send + 'static) -> R {
    within(Duration::from_secs(60), test)
}
