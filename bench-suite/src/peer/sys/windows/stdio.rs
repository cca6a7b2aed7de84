//! The standard streams of this process.

use std::fs::File;
use std::io;
use std::os::windows::io::{AsHandle, BorrowedHandle};

/// Input and output as they are, without a buffer.
pub(crate) fn streams() -> io::Result<(File, File)> {
    let (input, output) = (io::stdin(), io::stdout());
    let own = |handle: BorrowedHandle<'_>| handle.try_clone_to_owned().map(File::from);
    Ok((own(input.as_handle())?, own(output.as_handle())?))
}
