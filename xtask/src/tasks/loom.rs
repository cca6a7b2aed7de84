//! The thread scope and the rings in every order of their steps.

use crate::workspace::{cargo, root};
use anyhow::Result;
use clap::Args;
use std::{env, path::PathBuf};
use xshell::Shell;

/// Try the primitives between threads, and the rings, in every order of their steps
///
/// Builds sync-prims and ipc for loom, beside the usual build, and runs their models, twice: a processor may keep the
/// order of sequentially consistent accesses by fences before them, or by fences behind them. Takes about two minutes
/// after the build, with more preemptions much longer.
#[derive(Debug, Args)]
pub(crate) struct Loom {
    /// How often a thread may be interrupted in the middle of something, in one order
    #[arg(long, default_value_t = 3)]
    preemptions: u32,

    /// Parts of names: only the models that have one
    filters: Vec<String>,
}

impl Loom {
    /// As without arguments.
    pub(crate) fn usual() -> Loom {
        Loom { preemptions: 3, filters: Vec::new() }
    }

    pub(crate) fn run(&self, sh: &Shell) -> Result<()> {
        // A folder of its own, so that the flag does not have everything else built anew.
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(target) => PathBuf::from(target),
            None => root()?.join("target"),
        };
        let target = target.join("loom");
        for fences in ["before", "behind"] {
            let command = cargo(sh, &self.command()).env("RUSTFLAGS", "--cfg loom");
            let command = command.env("CARGO_TARGET_DIR", &target).env("LOOM_FENCES", fences);
            command.env("LOOM_MAX_PREEMPTIONS", self.preemptions.to_string()).run()?;
        }
        Ok(())
    }

    fn command(&self) -> Vec<&str> {
        let mut command = vec!["test", "--release", "--package", "sync-prims", "--package", "ipc"];
        command.extend(["--test", "loom", "--", "--nocapture"]);
        command.extend(self.filters.iter().map(String::as_str));
        command
    }
}

#[cfg(test)]
mod tests {
    use super::Loom;

    #[test]
    fn the_models_are_built_with_optimisations_and_counted() {
        let packages = "--package sync-prims --package ipc";
        let all = format!("test --release {packages} --test loom -- --nocapture");
        assert_eq!(Loom::usual().command().join(" "), all);
        let some = Loom { preemptions: 2, filters: vec!["lock".to_owned()] };
        assert_eq!(some.command().join(" "), format!("{all} lock"));
    }
}
