//! Those who have to get over a death.

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::asleep::{thread_id, until_asleep};

/// Within which time the survivors have to be through.
pub const SOON: Duration = Duration::from_millis(200);

/// A surviving thread in the middle of something.
pub struct Survivor<R>(pub JoinHandle<R>);

impl<R: Send + 'static> Survivor<R> {
    pub fn asleep_in(wait: impl FnOnce() -> R + Send + 'static) -> Self {
        let (tell, told) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            tell.send(thread_id()).expect("the stage waits for this");
            wait()
        });
        until_asleep(told.recv().expect("the thread has started"));
        Self(thread)
    }

    pub fn is_through_soon(&self) -> bool {
        let start = Instant::now();
        while !self.0.is_finished() && start.elapsed() < SOON {
            thread::yield_now();
        }
        self.0.is_finished()
    }

    pub fn soon(self, what: &str) -> Result<R, String> {
        if !self.is_through_soon() {
            return Err(format!("{what} hangs"));
        }
        self.0.join().map_err(|_| format!("{what} panicked"))
    }
}

pub fn ensure(good: bool, what: &str) -> Result<(), String> {
    if good { Ok(()) } else { Err(what.to_owned()) }
}
