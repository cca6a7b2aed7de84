//! The Windows bodies, checked and tested.

use crate::workspace::{ForeignCargo, LINTS_ON_WINDOWS, how_to_get, parts_on, portable_packages};
use anyhow::{Result, ensure};
use clap::Args;
use std::{
    ffi::OsStr,
    io::{self, Write},
};
use xshell::Shell;

/// Lint and test what builds for Windows
///
/// With the Cargo that the environment variable TANDEM_WINDOWS_CARGO names, which can run what it builds (under wine
/// perhaps), else with rustup's target x86_64-pc-windows-gnu, which only checks, else not at all. Takes a minute from
/// nothing for the lints, and nine for the tests.
#[derive(Debug, Default, Args)]
pub(crate) struct Windows {
    /// Run no test
    #[arg(long)]
    lints: bool,
}

const CARGO: &str = "TANDEM_WINDOWS_CARGO";
const TARGET: &str = "x86_64-pc-windows-gnu";

/// A program that starts processes.
struct Program {
    package: &'static str,
    /// What kind of target it is, and its name.
    target: [&'static str; 2],
    arguments: &'static [&'static str],
    /// What lines of what it prints contain.
    prints: &'static [&'static str],
}

const PROGRAMS: [Program; 4] = [
    Program {
        package: "ipc",
        target: ["--example", "counter"],
        arguments: &[],
        prints: &["4 processes added 100000 each: 400000"],
    },
    Program {
        package: "ipc",
        target: ["--example", "producer_consumer"],
        arguments: &[],
        prints: &[
            "until a sentinel: 1000 items, their sum is 500500",
            "until the queue is closed: 1000 items, their sum is 500500",
        ],
    },
    Program {
        package: "pool",
        target: ["--example", "primes"],
        arguments: &["10000"],
        prints: &[
            "sequential   1229 primes",
            "ThreadPool   1229 primes",
            "ProcessPool  1229 primes",
            "all agree",
        ],
    },
    // Its exit code tells whether all of ours was measured.
    Program {
        package: "bench-suite",
        target: ["--bin", "bench-suite"],
        arguments: &MEASURED,
        prints: &[
            "## Start-up: from start to joined result",
            "| 2 processes, ipc::Queue ",
            "missing: std has no Unix sockets here",
        ],
    },
];

/// Two tables of next to no work.
const MEASURED: [&str; 8] =
    ["--quick", "--tiny", "--peers", "rust", "--only", "worker", "--only", "producer_consumer"];

impl Program {
    fn check(&self, sh: &Shell, cargo: &ForeignCargo) -> Result<()> {
        let [kind, name] = self.target;
        let program = ["--package", self.package, kind, name, "--"];
        let printed = cargo.call(sh, "run", &[&program[..], self.arguments].concat()).read()?;
        for text in self.prints {
            ensure!(printed.lines().any(|line| line.contains(text)), "{name} prints:\n{printed}");
        }
        Ok(())
    }
}

impl Windows {
    /// Without the tests.
    pub(crate) fn lints() -> Self {
        Self { lints: true }
    }

    pub(crate) fn run(&self, sh: &Shell) -> Result<()> {
        let Some(cargo) = ForeignCargo::find(sh, CARGO, TARGET) else {
            writeln!(io::stdout(), "{}", how_to_get(OsStr::new(CARGO), TARGET))?;
            return Ok(());
        };
        let scope = [&portable_packages()[..], &["--all-targets", "--", "--deny", "warnings"]];
        cargo.call(sh, "clippy", &scope.concat()).run()?;
        for part in parts_on("windows") {
            cargo.call(sh, "clippy", &[&part[..], &LINTS_ON_WINDOWS].concat()).run()?;
        }
        if self.lints {
            return Ok(());
        }
        if !cargo.runs() {
            writeln!(io::stdout(), "tests skipped: {CARGO} names no Cargo that can run them")?;
            return Ok(());
        }
        // Without nextest: wine's own server outlives the first test, which would count as a leak.
        let tests = ["--package", "sync-prims", "--lib", "--tests", "--no-fail-fast"];
        let primitives = cargo.call(sh, "test", &tests).run();
        // All of them, and then the first that failed.
        let parts: Vec<_> = parts_on("windows")
            .map(|part| cargo.call(sh, "test", &[&part[..], &["--no-fail-fast"]].concat()).run())
            .collect();
        primitives?;
        parts.into_iter().collect::<Result<Vec<_>, _>>()?;
        PROGRAMS.iter().try_for_each(|program| program.check(sh, &cargo))
    }
}
