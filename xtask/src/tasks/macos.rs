//! The macOS bodies, checked.

use crate::workspace::{ForeignCargo, how_to_get, parts_on, portable_packages};
use anyhow::Result;
use clap::Args;
use std::{
    ffi::OsStr,
    io::{self, Write},
};
use xshell::Shell;

/// Type-check and lint what builds for macOS, tests included
///
/// With the Cargo that the environment variable TANDEM_MACOS_CARGO names, else with rustup's target
/// aarch64-apple-darwin, else not at all. Nothing is linked or run. Takes a minute from nothing.
#[derive(Debug, Args)]
pub(crate) struct Macos {}

const CARGO: &str = "TANDEM_MACOS_CARGO";
const TARGET: &str = "aarch64-apple-darwin";

impl Macos {
    pub(crate) fn run(&self, sh: &Shell) -> Result<()> {
        let Some(cargo) = ForeignCargo::find(sh, CARGO, TARGET) else {
            writeln!(io::stdout(), "{}", how_to_get(OsStr::new(CARGO), TARGET))?;
            return Ok(());
        };
        let scope = [&portable_packages()[..], &["--all-targets", "--", "--deny", "warnings"]];
        cargo.call(sh, "clippy", &scope.concat()).run()?;
        for part in parts_on("macos") {
            cargo.call(sh, "clippy", &[&part[..], &["--", "--deny", "warnings"]].concat()).run()?;
        }
        Ok(())
    }
}
