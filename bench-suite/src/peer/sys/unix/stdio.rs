//! The standard streams of this process.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// Input and output as they are, without a buffer.
pub(crate) fn streams() -> io::Result<(File, File)> {
    let (input, output) = (io::stdin(), io::stdout());
    let own = |fd: BorrowedFd<'_>| fd.try_clone_to_owned().map(File::from);
    Ok((own(input.as_fd())?, own(output.as_fd())?))
}
