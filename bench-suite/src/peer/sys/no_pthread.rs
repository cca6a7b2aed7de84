//! What there is where the C library has no mutex for several processes.

use std::io;

use crate::measure::{Missing, Outcome, Rounds, Task};

/// A value behind a mutex that C programs share between processes: this system has none.
#[derive(Debug)]
pub enum PthreadMutex {}

impl PthreadMutex {
    /// Gives none.
    ///
    /// # Errors
    ///
    /// Always: `Unsupported`.
    pub fn new(_is_robust: bool) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Is never called: there is no such mutex.
    pub fn update(&self, _: impl FnOnce(&mut u64)) {
        match *self {}
    }
}

fn missing() -> Outcome<Rounds> {
    Err(Missing("the system has no pthread_mutex".to_owned()).into())
}

/// Nobody can lock it.
pub(crate) fn lock(_: &Task) -> Outcome<Rounds> {
    missing()
}

/// The same.
pub(crate) fn counter(_: &Task) -> Outcome<Rounds> {
    missing()
}
