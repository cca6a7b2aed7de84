//! Those who have to get over a death.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::asleep::{thread_id, until_asleep};

/// Within which time the survivors have to be through.
pub const SOON: Duration = Duration::from_millis(200);

/// By then no machine is only slow: who waits still, waits for ever.
const HOPELESS: Duration = Duration::from_secs(10);

/// A surviving thread in the middle of something.
pub struct Survivor<R> {
    result: Receiver<R>,
    id: i32,
}

impl<R: Send + 'static> Survivor<R> {
    pub fn started_in(work: impl FnOnce() -> R + Send + 'static) -> Self {
        let (tell, told) = mpsc::channel();
        let (finish, result) = mpsc::channel();
        thread::spawn(move || {
            tell.send(thread_id()).expect("the stage waits for this");
            // Perhaps nobody wants to know any more.
            let _ = finish.send(work());
        });
        Self { result, id: told.recv().expect("the thread has started") }
    }

    pub fn asleep_in(wait: impl FnOnce() -> R + Send + 'static) -> Self {
        let survivor = Self::started_in(wait);
        until_asleep(survivor.id);
        survivor
    }

    /// Its result, if that comes [`SOON`]; otherwise it goes on.
    pub fn at_once(self) -> Result<R, Self> {
        self.result.recv_timeout(SOON).map_err(|_| self)
    }

    /// Its result; an error if that comes late, which a busy machine can be the reason for.
    ///
    /// # Panics
    ///
    /// If it does not come at all, for which there is no such reason.
    pub fn soon(self, what: &str) -> Result<R, String> {
        let start = Instant::now();
        match self.result.recv_timeout(HOPELESS) {
            Ok(_) if start.elapsed() > SOON => Err(format!("{what} takes {:?}", start.elapsed())),
            Ok(result) => Ok(result),
            Err(RecvTimeoutError::Disconnected) => Err(format!("{what} panicked")),
            Err(RecvTimeoutError::Timeout) => {
                let call = format!("/proc/self/task/{}/syscall", self.id);
                let call = std::fs::read_to_string(call).unwrap_or_default();
                panic!("{what} hangs in system call {}", call.trim())
            }
        }
    }
}

pub fn ensure(good: bool, what: &str) -> Result<(), String> {
    if good { Ok(()) } else { Err(what.to_owned()) }
}
