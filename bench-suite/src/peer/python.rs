//! Python, whatever version of it is installed.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::measure::Outcome;

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

/// A script that does a round each time it is told what to do, and tells how many seconds that took.
#[derive(Debug)]
pub struct Script {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Script {
    /// Starts the script of that name; `None` where there is no Python.
    pub fn start(name: &str) -> Option<Script> {
        let mut python = Command::new("python3");
        python.arg(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/peers/python")).join(name));
        let mut child = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
        let (to, from) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
        Some(Script { child, to, from })
    }

    /// Has a round done, and gives its seconds.
    ///
    /// # Errors
    ///
    /// If Python has ended, or says what is no number.
    pub fn round(&mut self, what: &str) -> Outcome<f64> {
        writeln!(self.to, "{what}")?;
        let mut line = String::new();
        if self.from.read_line(&mut line)? == 0 {
            return Err("Python has ended".into());
        }
        Ok(line.trim().parse()?)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // It is of no use any more, and nobody waits for it but this.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The text of a script.
#[cfg(test)]
pub(crate) fn text_of(script: &str) -> Option<&'static str> {
    SCRIPTS.iter().find(|(name, _)| *name == script).map(|(_, text)| *text)
}
