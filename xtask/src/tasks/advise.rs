//! The measured answer.

use crate::workspace::cargo;
use anyhow::Result;
use clap::Args;
use xshell::Shell;

/// Threads, processes or both for your work, with the measured lines of this machine that say so
///
/// Asks what the work is like, or takes flags; `cargo xtask advise -- --help` lists them. What it says of this
/// machine comes from the last `cargo xtask bench`. Takes a moment, and the build before it a minute or two.
#[derive(Debug, Args)]
pub(crate) struct Advise {
    /// What the work is like
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Advise {
    pub(crate) fn run(&self, sh: &Shell) -> Result<()> {
        Ok(cargo(sh, &self.command()).run()?)
    }

    fn command(&self) -> Vec<&str> {
        let mut command =
            vec!["run", "--release", "--package", "bench-suite", "--bin", "advise", "--"];
        command.extend(self.arguments.iter().map(String::as_str));
        command
    }
}

#[cfg(test)]
mod tests {
    use super::Advise;

    #[test]
    fn what_is_said_of_the_work_is_passed_on() {
        let arguments = vec!["--cpu".to_owned(), "90".to_owned()];
        let command = Advise { arguments }.command().join(" ");
        assert_eq!(command, "run --release --package bench-suite --bin advise -- --cpu 90");
    }
}
