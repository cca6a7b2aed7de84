//! What is asked of a process, and what can be said of how it has ended.

use std::process::ExitStatus;

use super::end;

/// A request that a process end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signal {
    /// It may refuse, or clean up first; not on Windows.
    Terminate,
    /// It may not.
    Kill,
}

/// What can be said of how a child ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// As the kernel says.
    Ended(ExitStatus),
    /// The kernel did not say. On Unix something else in this process has reaped it and been told how: a `waitpid` for
    /// any child, or SIGCHLD is ignored.
    Unknown,
}

impl Fate {
    /// The status, or exit code 255 for want of one.
    pub(crate) fn status(self) -> ExitStatus {
        match self {
            Self::Ended(status) => status,
            Self::Unknown => end::exited(255),
        }
    }
}
