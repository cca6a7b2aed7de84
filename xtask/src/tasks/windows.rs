//! The Windows bodies, checked and tested.

use crate::workspace::{ForeignCargo, LINTS_ON_WINDOWS, how_to_get, parts_on, portable_packages};
use anyhow::Result;
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
/// nothing for the lints, and six for the tests.
#[derive(Debug, Default, Args)]
pub(crate) struct Windows {
    /// Run no test
    #[arg(long)]
    lints: bool,
}

const CARGO: &str = "TANDEM_WINDOWS_CARGO";
const TARGET: &str = "x86_64-pc-windows-gnu";

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
        Ok(parts.into_iter().collect::<Result<_, _>>()?)
    }
}
