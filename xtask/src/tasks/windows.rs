//! The Windows bodies, checked and tested.

use crate::workspace::{ForeignCargo, how_to_get, portable_packages};
use anyhow::Result;
use clap::Args;
use std::{
    ffi::OsStr,
    io::{self, Write},
};
use xshell::{Cmd, Shell};

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

/// What Cargo is told of `ipc` on Windows: its examples and doctests start processes, and `proc-spawn` has no body
/// there.
const IPC: [&str; 5] = ["--package", "ipc", "--lib", "--tests", "--all-features"];

/// A call of Cargo's, given the sub-command and the rest.
type Call<'a> = dyn Fn(&str, &[&str]) -> Cmd<'a> + 'a;

/// Lints `ipc` for Windows.
pub(super) fn lint_ipc(call: &Call<'_>) -> Result<()> {
    // For the GNU target, thread-local constants expand to something that Clippy takes for none.
    let lints = ["--", "--deny", "warnings", "--allow", "clippy::missing_const_for_thread_local"];
    Ok(call("clippy", &[IPC, lints].concat()).run()?)
}

/// Tests `ipc` on Windows.
pub(super) fn test_ipc(call: &Call<'_>) -> Result<()> {
    Ok(call("test", &[&IPC[..], &["--no-fail-fast"]].concat()).run()?)
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
        let call = |subcommand: &str, rest: &[&str]| cargo.call(sh, subcommand, rest);
        lint_ipc(&call)?;
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
        test_ipc(&call)?;
        Ok(primitives?)
    }
}
