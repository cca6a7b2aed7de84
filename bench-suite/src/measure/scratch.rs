//! Where a run has its files.

use std::env;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// What tells a runner that there is such a folder, and that it is to be removed when the suite is gone.
const VARIABLE: &str = "BENCH_SUITE_SCRATCH";

/// A folder for all temporary files of a run. It goes with this or, if the suite is killed, with the runners.
#[derive(Debug)]
pub(crate) struct Scratch(TempDir);

impl Scratch {
    pub(crate) fn new() -> io::Result<Scratch> {
        tempfile::Builder::new().prefix("bench-suite-").tempdir().map(Scratch)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Has what is started put its files here.
    pub(crate) fn give_to(&self, runner: &mut Command) {
        // The second is what Windows calls the first.
        for variable in ["TMPDIR", "TMP", VARIABLE] {
            runner.env(variable, self.path());
        }
    }
}

/// Removes the folder that this runner was given; the suite is gone and cannot.
pub(crate) fn remove() {
    let Some(folder) = env::var_os(VARIABLE) else { return };
    // Other runners end as well, and may make or remove a file meanwhile.
    while matches!(fs::remove_dir_all(&folder), Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty)
    {
    }
}
