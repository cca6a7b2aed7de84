//! Python, whatever version of it is installed.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The scripts are in files, since a process that Python spawns reads them again.
const SCRIPTS: [(&str, &str); 13] = [
    ("counter.py", include_str!("../../peers/python/counter.py")),
    ("fetch.py", include_str!("../../peers/python/fetch.py")),
    ("isolation.py", include_str!("../../peers/python/isolation.py")),
    ("large_array.py", include_str!("../../peers/python/large_array.py")),
    ("memory.py", include_str!("../../peers/python/memory.py")),
    ("messages.py", include_str!("../../peers/python/messages.py")),
    ("primes.py", include_str!("../../peers/python/primes.py")),
    ("primitives.py", include_str!("../../peers/python/primitives.py")),
    ("producer_consumer.py", include_str!("../../peers/python/producer_consumer.py")),
    ("recovery.py", include_str!("../../peers/python/recovery.py")),
    ("runner.py", include_str!("../../peers/python/runner.py")),
    ("task_length.py", include_str!("../../peers/python/task_length.py")),
    ("worker.py", include_str!("../../peers/python/worker.py")),
];

/// A Python and a folder with the scripts.
#[derive(Debug)]
pub(crate) struct Python {
    program: OsString,
    folder: PathBuf,
}

impl Python {
    /// Puts the scripts into that folder.
    pub(crate) fn new(program: &OsStr, folder: &Path) -> io::Result<Python> {
        for (name, text) in SCRIPTS {
            fs::write(folder.join(name), text)?;
        }
        Ok(Python { program: program.to_owned(), folder: folder.to_owned() })
    }

    /// Runs one of the scripts.
    pub(crate) fn command(&self, script: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(self.folder.join(script));
        command
    }
}

/// The text of a script.
#[cfg(test)]
pub(crate) fn text_of(script: &str) -> Option<&'static str> {
    SCRIPTS.iter().find(|(name, _)| *name == script).map(|(_, text)| *text)
}
