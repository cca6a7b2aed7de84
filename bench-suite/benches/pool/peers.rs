//! The pools of others that need some preparation.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use bench_suite::procspawn_in_batches;

use crate::{Outcome, WORKERS, succ};

/// Python's pool, which does a round when it is told to.
pub(crate) struct Python {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Python {
    /// `None` where there is no Python.
    pub(crate) fn start() -> Option<Python> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/python/pool_rounds.py");
        let mut python = Command::new("python3");
        python.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = python.spawn().ok()?;
        let (to, from) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
        Some(Python { child, to, from })
    }

    pub(crate) fn round(&mut self, what: &str, count: u64) -> Outcome<f64> {
        writeln!(self.to, "{what} {count}")?;
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        Ok(line.trim().parse()?)
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // It is of no use any more, and nobody waits for it but this.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The procspawn crate's pool.
pub(crate) struct Procspawn(procspawn::Pool);

impl Procspawn {
    pub(crate) fn start() -> Outcome<Procspawn> {
        let pool = procspawn::Pool::new(WORKERS).map_err(|error| error.to_string())?;
        let procspawn = Procspawn(pool);
        procspawn.all(100)?;
        Ok(procspawn)
    }

    /// As many at a time as it bears.
    pub(crate) fn all(&self, count: u64) -> Outcome<f64> {
        let begun = Instant::now();
        procspawn_in_batches(&self.0, succ, 0..count)?;
        Ok(begun.elapsed().as_secs_f64())
    }

    pub(crate) fn one_by_one(&self, count: u64) -> Outcome<f64> {
        let begun = Instant::now();
        for n in 0..count {
            self.0.spawn(n, succ).join().map_err(|error| error.to_string())?;
        }
        Ok(begun.elapsed().as_secs_f64())
    }
}
