//! The measured comparison.

use crate::workspace::{cargo, iceoryx2};
use anyhow::Result;
use clap::Args;
use std::process::{self, Command};
use xshell::Shell;

/// Behind an option of the suite it stands among its arguments.
const ICEORYX2_FLAG: &str = "--iceoryx2";

/// Measure this machine: threads, processes and their peers
///
/// Builds bench-suite with optimisations and runs it; `cargo xtask bench -- --help` tells what it takes. The page
/// report.html, report.md and results.json go to target/bench, or where --out says. Takes under three minutes with
/// --quick, much longer without, and the build before it a minute or two, with --iceoryx2 another five.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Fewer rounds: the whole comparison in under three minutes
    #[arg(long)]
    quick: bool,

    /// Build the peer iceoryx2, too, which then takes part whenever bench-suite is built with optimisations; it needs
    /// libclang and Rust 1.89
    #[arg(long)]
    iceoryx2: bool,

    /// What else bench-suite is told
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Bench {
    pub(crate) fn run(&self, sh: &Shell) -> Result<()> {
        if self.iceoryx2 || self.arguments.iter().any(|word| word == ICEORYX2_FLAG) {
            iceoryx2::build(sh)?;
        }
        let status = Command::from(cargo(sh, &self.command())).status()?;
        if !status.success() {
            // The suite has said why; its exit code tells a failure from a comparison that is worse.
            process::exit(status.code().unwrap_or(1));
        }
        Ok(())
    }

    fn command(&self) -> Vec<&str> {
        let mut command =
            vec!["run", "--release", "--package", "bench-suite", "--bin", "bench-suite", "--"];
        command.extend(self.quick.then_some("--quick"));
        let passed_on = self.arguments.iter().filter(|word| *word != ICEORYX2_FLAG);
        command.extend(passed_on.map(String::as_str));
        let is_out = |word: &String| word == "--out" || word.starts_with("--out=");
        if !self.arguments.iter().any(|word| is_out(word) || word == "--help") {
            command.extend(["--out", "target/bench"]);
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::Bench;
    use clap::{Args, Command, FromArgMatches};

    fn passed_on(line: &str) -> String {
        let arguments = ["bench"].into_iter().chain(line.split_whitespace());
        let matches = Bench::augment_args(Command::new("bench")).get_matches_from(arguments);
        let bench = Bench::from_arg_matches(&matches).unwrap();
        let command = bench.command().join(" ");
        command.split_once(" --bin bench-suite --").unwrap().1.trim().to_owned()
    }

    #[test]
    fn what_the_suite_is_told_arrives_as_it_was_written() {
        for line in ["", "--quick", "--quick --only sync --peers none", "--only sync --quick"] {
            assert_eq!(passed_on(line), format!("{line} --out target/bench").trim());
        }
        assert_eq!(passed_on("--quick --out x"), "--quick --out x");
        assert_eq!(passed_on("--iceoryx2 --out x"), "--out x");
        assert_eq!(passed_on("--out x --iceoryx2"), "--out x");
        assert_eq!(passed_on("-- --help"), "--help");
    }
}
