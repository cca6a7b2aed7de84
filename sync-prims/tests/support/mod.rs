//! What the tests of this crate share: shared memory, children that die, and watchdogs.
#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test binary uses a part of it")]

pub mod arena;
pub mod sys;
pub mod world;

use std::sync::mpsc;
use std::time::Duration;

pub use sys::{thread_id, until_asleep};

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

/// Runs `wait` on a thread of `scope`, and returns when it sleeps.
pub fn asleep_in<'scope, 'env, R: Send + 'scope>(
    scope: &'scope std::thread::Scope<'scope, 'env>,
    wait: impl FnOnce() -> R + Send + 'scope,
) -> std::thread::ScopedJoinHandle<'scope, R> {
    let (tell, told) = mpsc::channel();
    let handle = scope.spawn(move || {
        tell.send(thread_id()).expect("the test waits for this");
        wait()
    });
    until_asleep(told.recv().expect("the thread has started"));
    handle
}
