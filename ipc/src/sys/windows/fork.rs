//! There is no fork here: a process is never the copy of another.

use std::io;

pub(crate) fn watch() -> io::Result<()> {
    Ok(())
}

pub(crate) fn forked() -> bool {
    false
}
