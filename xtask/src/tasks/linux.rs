//! The Linux that this machine is not, checked.

use crate::workspace::{ForeignCargo, how_to_get};
use anyhow::{Result, bail};
use clap::Args;
use std::{
    env,
    ffi::OsStr,
    io::{self, Write},
};
use xshell::Shell;

/// Lint the libraries for Linux on aarch64 and with musl, and test the primitives with musl
///
/// With rustup's targets, or the Cargos that TANDEM_AARCH64_CARGO and TANDEM_MUSL_CARGO name. Takes three minutes from
/// nothing.
#[derive(Debug, Args)]
pub(crate) struct Linux {}

const MUSL: &str = "x86_64-unknown-linux-musl";

const TARGETS: [(&str, &str); 2] =
    [("TANDEM_AARCH64_CARGO", "aarch64-unknown-linux-gnu"), ("TANDEM_MUSL_CARGO", MUSL)];

/// Not their tests: some peers of the benchmarks compile C, which would need a compiler for the target.
const LIBRARIES: [&str; 8] =
    ["--package", "sync-prims", "--package", "ipc", "--package", "proc-spawn", "--package", "pool"];

impl Linux {
    pub(crate) fn run(&self, sh: &Shell) -> Result<()> {
        let mut failed = Vec::new();
        for (variable, target) in TARGETS {
            match ForeignCargo::find(sh, variable, target) {
                None => writeln!(io::stdout(), "{}", how_to_get(OsStr::new(variable), target))?,
                Some(cargo) if Linux::check(sh, &cargo, target).is_err() => failed.push(target),
                Some(_) => {}
            }
        }
        if !failed.is_empty() {
            bail!("the libraries do not pass for {}", failed.join(", "));
        }
        Ok(())
    }

    fn check(sh: &Shell, cargo: &ForeignCargo, target: &str) -> Result<()> {
        let scope = [&LIBRARIES[..], &["--", "--deny", "warnings"]].concat();
        cargo.call(sh, "clippy", &scope).run()?;
        // It needs no emulator, and nothing but a linker.
        if target == MUSL && env::consts::ARCH == "x86_64" {
            cargo.call(sh, "test", &["--package", "sync-prims", "--lib", "--tests"]).run()?;
        }
        Ok(())
    }
}
