//! The standard streams of a child.

use std::io;
use std::process::{ChildStderr, ChildStdin, ChildStdout};

use crate::sys::{BorrowedDescriptor, Descriptor, pipe, start};

/// What a child's standard stream is to be.
///
/// Anything that owns a descriptor converts into one: a `File`, a pipe, another child's output.
///
/// The counterpart of [`std::process::Stdio`], which does not let go of what it was given.
#[derive(Debug)]
pub struct Stdio(Stream);

#[derive(Debug)]
enum Stream {
    Inherit,
    Null,
    Piped,
    Given(Descriptor),
}

impl Stdio {
    /// The stream of this process.
    pub fn inherit() -> Self {
        Self(Stream::Inherit)
    }

    /// Whether what goes into it is to come out of our stream; none if it goes to somebody else.
    pub(crate) fn passes_on(&self) -> Option<bool> {
        match self.0 {
            Stream::Inherit => Some(true),
            Stream::Null => Some(false),
            Stream::Piped | Stream::Given(_) => None,
        }
    }

    /// A stream that is always at its end, or takes everything.
    pub fn null() -> Self {
        Self(Stream::Null)
    }

    /// A pipe whose other end the handle has: see
    /// [`Process::take_stdout`](crate::Process::take_stdout) and its siblings.
    pub fn piped() -> Self {
        Self(Stream::Piped)
    }
}

impl Default for Stdio {
    fn default() -> Self {
        Self::inherit()
    }
}

impl<T: Into<Descriptor>> From<T> for Stdio {
    fn from(source: T) -> Self {
        Self(Stream::Given(source.into()))
    }
}

/// Which way the data go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    ToChild,
    FromChild,
}

/// The three streams of a child that is about to start.
#[derive(Debug)]
pub(crate) struct Streams {
    /// For the child; none where it inherits ours.
    theirs: [Option<Descriptor>; 3],
    pub(crate) ours: OurEnds,
}

/// The parent's ends of the pipes.
#[derive(Debug, Default)]
pub(crate) struct OurEnds {
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) stdout: Option<ChildStdout>,
    pub(crate) stderr: Option<ChildStderr>,
}

impl Streams {
    /// Opens what has to be opened.
    pub(crate) fn open([stdin, stdout, stderr]: [Stdio; 3]) -> io::Result<Self> {
        let (stdin, our_stdin) = stdin.open(Direction::ToChild)?;
        let (stdout, our_stdout) = stdout.open(Direction::FromChild)?;
        let (stderr, our_stderr) = stderr.open(Direction::FromChild)?;
        let ours = OurEnds {
            stdin: our_stdin.map(ChildStdin::from),
            stdout: our_stdout.map(ChildStdout::from),
            stderr: our_stderr.map(ChildStderr::from),
        };
        Ok(Self { theirs: [stdin, stdout, stderr], ours })
    }

    /// The child's ends, in the order of their numbers.
    pub(crate) fn theirs(&self) -> [Option<BorrowedDescriptor<'_>>; 3] {
        start::lend(&self.theirs)
    }
}

impl Stdio {
    /// The child's end and, for a pipe, ours.
    fn open(self, direction: Direction) -> io::Result<(Option<Descriptor>, Option<Descriptor>)> {
        Ok(match self.0 {
            Stream::Inherit => (None, None),
            Stream::Null => (Some(start::open_null()?), None),
            Stream::Given(descriptor) => (Some(descriptor), None),
            Stream::Piped => {
                let (ours, theirs) = match direction {
                    Direction::ToChild => pipe::to_child()?,
                    Direction::FromChild => pipe::from_child()?,
                };
                (Some(theirs), Some(ours))
            }
        })
    }
}
