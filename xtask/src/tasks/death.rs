//! A process killed after any instruction.

use crate::workspace::cargo;
use anyhow::Result;
use clap::Args;
use xshell::Shell;

/// Kill a process after single instructions of every operation, and see the others go on
///
/// A child is led into each operation of sync-prims and of ipc and killed, once after each step; then the
/// survivors have to get on within 200 ms, and to find a consistent state, whole messages, and nothing else of the dead.
/// Prints operation, instructions, deaths and failures. Takes under a minute for a sample, an hour or two for all.
#[derive(Debug, Args)]
pub(crate) struct Death {
    /// After every single instruction, not after a sample of them
    #[arg(long)]
    all: bool,

    /// Repeats a sample
    #[arg(long, conflicts_with = "all")]
    seed: Option<u64>,

    /// A part of a name: only the operations that have it
    operation: Option<String>,
}

impl Death {
    pub(crate) fn sample() -> Death {
        Death { all: false, seed: None, operation: None }
    }

    pub(crate) fn every_instruction() -> Death {
        Death { all: true, ..Death::sample() }
    }

    pub(crate) fn run(&self, sh: &Shell) -> Result<()> {
        let mut command = cargo(sh, &self.command());
        if let Some(seed) = self.seed {
            command = command.env("TANDEM_DEATH_SEED", seed.to_string());
        }
        if let Some(operation) = &self.operation {
            command = command.env("TANDEM_DEATH_ONLY", operation);
        }
        Ok(command.run()?)
    }

    fn command(&self) -> Vec<&str> {
        let mut command = vec!["test", "--release", "--package", "sync-prims", "--package", "ipc"];
        command.extend(["--test", "death_matrix", "--", "--nocapture"]);
        command.extend(self.all.then_some("--ignored"));
        command
    }
}

#[cfg(test)]
mod tests {
    use super::Death;

    #[test]
    fn the_sample_is_the_usual_test_and_the_whole_the_ignored_one() {
        let packages = "--package sync-prims --package ipc";
        let sample = format!("test --release {packages} --test death_matrix -- --nocapture");
        assert_eq!(Death::sample().command().join(" "), sample);
        let all = Death::every_instruction();
        assert_eq!(all.command().join(" "), format!("{sample} --ignored"));
    }
}
