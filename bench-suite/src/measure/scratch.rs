//! Where a run has its files.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::measure::protocol::Outcome;
use crate::peer::sys::group::Group;
use crate::role;

/// What tells a runner that there is such a folder, and that it is to be removed when the suite is gone.
const VARIABLE: &str = "BENCH_SUITE_SCRATCH";

/// A folder for all temporary files of a run. It goes with this or, if the suite is killed, by its caretaker; the runners
/// remove it as well, should that be killed, too.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
    caretaker: Group,
}

impl Scratch {
    pub(crate) fn new() -> Outcome<Scratch> {
        let mut command = role::command(role::CARETAKER)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut caretaker = Group::start(&mut command)?;
        let mut line = String::new();
        if let Some(stdout) = caretaker.leader.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        // It has said why, if it has none.
        let path = serde_json::from_str::<OsString>(&line);
        let path = path.map_err(|_| "there is no folder for temporary files")?.into();
        Ok(Scratch { path, caretaker })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Has what is started put its files here.
    pub(crate) fn give_to(&self, runner: &mut Command) {
        // The second is what Windows calls the first.
        for variable in ["TMPDIR", "TMP", VARIABLE] {
            runner.env(variable, self.path());
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // This closes its input. Were it dead, it would have left the folder.
        let _ = self.caretaker.leader.wait();
        remove_all(&self.path);
    }
}

/// The caretaker's work: makes the folder, says where it is, and removes it when its input ends, as it does with the
/// suite. There is no moment at which nobody would: between two tables there are no runners.
pub(crate) fn take_care() -> Outcome<()> {
    let folder = tempfile::Builder::new().prefix("bench-suite-").tempdir()?;
    let mut stdout = io::stdout();
    let path = serde_json::to_string(folder.path().as_os_str())?;
    writeln!(stdout, "{path}").and_then(|()| stdout.flush())?;
    io::copy(&mut io::stdin(), &mut io::sink())?;
    remove_all(folder.path());
    Ok(())
}

/// Removes the folder that this runner was given; the suite is gone and cannot.
pub(crate) fn remove() {
    if let Some(folder) = env::var_os(VARIABLE) {
        remove_all(folder.as_ref());
    }
}

fn remove_all(folder: &Path) {
    // Others end as well, and may make or remove a file meanwhile.
    let again = |kind| matches!(kind, ErrorKind::DirectoryNotEmpty | ErrorKind::NotFound);
    while matches!(fs::remove_dir_all(folder), Err(error) if again(error.kind()) && folder.exists())
    {
    }
}
