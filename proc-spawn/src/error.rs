//! What can go wrong when a process or thread is started, and how one can end.

use std::io;

use ipc::entry::EntryError;
use ipc::{DecodeError, EncodeError};
use thiserror::Error;

use crate::panic::Panic;
use crate::sys::end::describe_crash;

/// A process or thread was not started. Nothing is left of the attempt.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// The main guard has not run, so a child would run `main` again instead of its function.
    #[error(
        "this program cannot start processes yet: make `proc_spawn::init();` the first line of \
         `main`, or put `#[proc_spawn::main]` on it; in a test binary write \
         `proc_spawn::enable_test_support!();` beside the tests"
    )]
    NotInitialized,
    /// This process is a child whose function has not begun: its arguments are being decoded.
    /// Would the decoding of an argument start a process that takes such an argument, there
    /// were no end to it.
    #[error(
        "this process was started by another one and its function has not begun: start \
             processes in the function, not while its arguments are being decoded"
    )]
    NotEntered,
    /// This process is exiting.
    #[error("this process is exiting: start processes before `main` returns")]
    Exiting,
    /// This process was made by a plain `fork`, which copies none of the threads that look after
    /// children.
    #[error(
        "this process was made by `fork` and not by this library: start processes in the \
             one that called `fork`"
    )]
    Forked,
    /// This process is the child of a child of a child, and so on for too many generations. A function
    /// that starts a process which runs the same function would go on for ever.
    #[error(
        "this process is {generations} generations from the first one of its program: a function \
             that runs in a process seems to start itself in another one, without end"
    )]
    TooDeep {
        /// How many processes there are before it in its line.
        generations: usize,
    },
    /// The function cannot be named in another process.
    #[error("cannot tell another process which function to run: {0}")]
    Function(#[from] EntryError),
    /// The arguments cannot be encoded.
    #[error("failed to encode the arguments")]
    Encode(#[from] EncodeError),
    /// Something that the builder was given can be no part of a process or thread.
    #[error("{what} is not valid: {problem}")]
    Invalid {
        /// What it is.
        what: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The system failed.
    #[error("failed to {action}")]
    System {
        /// What was to be done.
        action: String,
        /// Why it was not.
        #[source]
        error: io::Error,
    },
}

/// A process or thread has ended, or was not even begun, without giving its result.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JoinError {
    /// Its function panicked.
    #[error(transparent)]
    Panicked(Panic),
    /// A signal ended the process, before its function returned. Windows has none: there it is an
    /// exception that nobody handled, or 9 for [`kill`](crate::Process::kill) and 15 for
    /// [`terminate`](crate::Process::terminate).
    #[error("{}", describe_crash(*signal, *core_dumped))]
    Crashed {
        /// The signal's number; the status of an exception.
        signal: i32,
        /// Whether the kernel wrote the process's memory to a file.
        core_dumped: bool,
    },
    /// The process asked for more memory than [`Builder::memory_limit`](crate::Builder::memory_limit)
    /// allows, and aborted when it was refused. One that dies of a refusal in another way, or that has
    /// a handler of its own for SIGABRT, is [`Crashed`](Self::Crashed) or what else it made of it. One that
    /// was refused memory, got by without, and aborts for another reason may be taken for one of these: the
    /// system does not tell how long ago the refusal was.
    #[error("the process was refused memory above its limit of {limit} bytes and aborted")]
    MemoryLimit {
        /// What it was allowed.
        limit: u64,
    },
    /// The process exited before its function returned.
    #[error("the process exited with code {code} before its function returned")]
    Exited {
        /// What it exited with.
        code: i32,
    },
    /// The process ended, but not how we would know: other code in this process waits for
    /// children that are not its own, or ignores SIGCHLD.
    #[error(
        "the process ended and other code of this program took note of how (it calls \
             `waitpid` for any child, or ignores SIGCHLD)"
    )]
    EndUnknown,
    /// The process exited without having called `init`.
    #[error(
        "the process exited with code {code} before it came to `proc_spawn::init()`: that \
             has to be the first line of `main`"
    )]
    NotInitialized {
        /// What it exited with.
        code: i32,
    },
    /// The process did not run its function, because it is another build of the program.
    #[error("the process is another build of this program: it is {child}, this one is {parent}")]
    OtherBuild {
        /// The build of this process.
        parent: String,
        /// The build of the child.
        child: String,
    },
    /// The process did not run its function, because it had other threads when it came to `init`.
    #[error(
        "the process had {count} threads when it came to `proc_spawn::init()`: that has to \
             be the first line of `main`, before any thread is started"
    )]
    ThreadsExist {
        /// How many it had.
        count: usize,
    },
    /// The process did not run its function, for the reason given.
    #[error("the process did not run its function: {0}")]
    Refused(String),
    /// The process did not run its function, because it could not decode the arguments.
    #[error("the process failed to decode its arguments")]
    Arguments(#[source] DecodeError),
    /// The function returned, but its result could not be encoded.
    #[error("the process failed to hand over its result: {0}")]
    Encode(String),
    /// The function returned, but its result could not be decoded here.
    #[error("failed to decode the result of the process")]
    Decode(#[source] DecodeError),
    /// Any of the others, with what the process printed last; only if the builder was told to keep that,
    /// see [`Builder::stderr_lines`](crate::Builder::stderr_lines). [`cause`](Self::cause) looks through
    /// it.
    #[error("{error}; the last lines of its standard error:\n{lines}")]
    WithStderr {
        /// Why there is no result.
        error: Box<JoinError>,
        /// The last lines.
        lines: String,
    },
    /// An earlier call has returned the result.
    #[error("the result was taken by an earlier call")]
    Taken,
    /// The system failed to hand over the result.
    #[error("failed to receive the result of the process")]
    Io(#[source] io::Error),
}

impl JoinError {
    /// The error itself, without what the process printed.
    #[must_use]
    pub fn cause(&self) -> &Self {
        match self {
            Self::WithStderr { error, .. } => error.cause(),
            other => other,
        }
    }
}

impl SpawnError {
    /// For `map_err` on a system call.
    pub(crate) fn system(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        |error| Self::System { action, error }
    }
}
