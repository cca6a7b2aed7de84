//! The thread scope under ThreadSanitizer.

use anyhow::Result;
use clap::Args;
use std::{
    env,
    ffi::OsString,
    io::{self, Write},
};
use xshell::Shell;

/// Run the tests of the primitives between threads under ThreadSanitizer
///
/// That needs a standard library that is built for it. The environment variable TANDEM_TSAN_CARGO names a Cargo that
/// builds one; without it nothing is run. Takes a few minutes.
#[derive(Debug, Args)]
pub(crate) struct Tsan {}

/// Which Cargo.
const CARGO: &str = "TANDEM_TSAN_CARGO";

const HOW: &str = "skipped: TANDEM_TSAN_CARGO names no Cargo. It has to take the arguments of Cargo and to build for \
    ThreadSanitizer, the standard library included: a script around \
    `RUSTFLAGS=-Zsanitizer=thread cargo +nightly … -Zbuild-std --target x86_64-unknown-linux-gnu` does, with the \
    component rust-src installed";

/// The suites that run in the thread scope. Others are about processes, which the sanitizer does not see across.
const SUITES: [&str; 7] = ["lock", "rlock", "rwlock", "event", "condition", "semaphore", "barrier"];

impl Tsan {
    pub(crate) fn run(&self, sh: &Shell) -> Result<()> {
        let Some(cargo) = env::var_os(CARGO) else {
            writeln!(io::stdout(), "{HOW}")?;
            return Ok(());
        };
        // Its own compiler goes with that Cargo, not the one that built this.
        let command = sh.cmd(cargo).args(command());
        Ok(command.env_remove("RUSTC").env_remove("RUSTUP_TOOLCHAIN").run()?)
    }
}

fn command() -> Vec<OsString> {
    let mut command = vec!["test", "--package", "sync-prims"];
    for suite in SUITES {
        command.extend(["--test", suite]);
    }
    command.extend(["--", "on_threads"]);
    command.into_iter().map(OsString::from).collect()
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn only_what_runs_between_threads_is_run() {
        let command: Vec<_> =
            command().into_iter().filter_map(|it| it.into_string().ok()).collect();
        let command = command.join(" ");
        assert!(
            command.starts_with("test --package sync-prims --test lock --test rlock"),
            "{command}"
        );
        assert!(command.ends_with("--test barrier -- on_threads"), "{command}");
    }
}
