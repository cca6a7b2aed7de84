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

/// The kernel's number of the calling thread, for [`until_asleep`].
pub fn thread_id() -> i32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::gettid() }
}

/// Returns when a thread (of any process) sleeps in the kernel.
pub fn until_asleep(thread: i32) {
    loop {
        let stat = std::fs::read_to_string(format!("/proc/{thread}/stat")).unwrap_or_default();
        if stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('S')) {
            return;
        }
        std::thread::yield_now();
    }
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
