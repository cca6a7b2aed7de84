//! The Windows bodies, checked and tested.

use crate::workspace::{ForeignCargo, IPC_ALONE, LINTS_ON_WINDOWS, how_to_get, portable_packages};
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
        let scope = [IPC_ALONE, LINTS_ON_WINDOWS];
        cargo.call(sh, "clippy", &scope.concat()).run()?;
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
        let tests = [&IPC_ALONE[..], &["--no-fail-fast"]];
        cargo.call(sh, "test", &tests.concat()).run()?;
        Ok(primitives?)
    }
}
