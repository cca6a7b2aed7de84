//! Every test.

use crate::workspace::{Target, cargo, targets};
use anyhow::{Result, bail};
use clap::Args;
use xshell::Shell;

/// Run every test, then the doctests
///
/// Through cargo-nextest where it is installed, which gives each test a process of its own and a watchdog, and
/// `cargo test` where it is not. Takes about a minute once built, and a few from nothing.
#[derive(Debug, Default, Args)]
pub(crate) struct Test {
    /// Only the tests of this package; may be given more than once
    #[arg(short, long)]
    package: Vec<String>,

    /// With optimisations
    #[arg(long)]
    release: bool,

    /// With `cargo test`, as on a machine without cargo-nextest
    #[arg(long)]
    plain: bool,

    /// Without the doctests
    #[arg(long)]
    no_doc: bool,

    /// Only tests whose name contains one of these
    filters: Vec<String>,

    /// What else the runner of the tests is told
    #[arg(last = true)]
    arguments: Vec<String>,
}

impl Test {
    /// All tests with optimisations.
    pub(crate) fn optimised() -> Self {
        Self { release: true, ..Self::default() }
    }

    /// All tests of these packages.
    pub(crate) fn of(packages: &[&str]) -> Self {
        Self { package: owned(packages), ..Self::default() }
    }

    /// The test of that name, which is too long for every change.
    pub(crate) fn ten_thousand_starts() -> Self {
        Self {
            package: owned(&["proc-spawn"]),
            release: true,
            plain: true,
            no_doc: true,
            filters: Vec::new(),
            arguments: owned(&["--ignored", "ten_thousand_starts"]),
        }
    }

    pub(crate) fn run(&self, sh: &Shell) -> Result<()> {
        let nextest = !self.plain && has_nextest(sh);
        let mut failed = Vec::new();
        for arguments in self.commands(nextest, &targets(sh)?) {
            if cargo(sh, &arguments).run().is_err() {
                failed.push(format!("cargo {}", arguments.join(" ")));
            }
        }
        if !failed.is_empty() {
            bail!("tests failed: {}", failed.join("; "));
        }
        Ok(())
    }

    /// The arguments of each call of Cargo that it takes.
    fn commands(&self, nextest: bool, targets: &[Target]) -> Vec<Vec<String>> {
        let mut commands = vec![if nextest { self.nextest() } else { self.plain() }];
        if !self.no_doc {
            commands.extend(self.doctests(targets));
        }
        commands
    }

    fn nextest(&self) -> Vec<String> {
        let mut arguments = owned(&["nextest", "run"]);
        arguments.extend(self.scope(&self.package));
        if !self.package.is_empty() || !self.filters.is_empty() {
            // What was asked for may be doctests only.
            arguments.extend(owned(&["--no-tests", "warn"]));
        }
        arguments.extend(self.filters.iter().chain(&self.arguments).cloned());
        arguments
    }

    fn plain(&self) -> Vec<String> {
        let mut arguments = owned(&["test", "--tests", "--no-fail-fast"]);
        arguments.extend(self.scope(&self.package));
        arguments.push("--".to_owned());
        arguments.extend(self.filters.iter().chain(&self.arguments).cloned());
        arguments
    }

    /// Nothing where none of the packages is a library: Cargo takes that for a mistake.
    fn doctests(&self, targets: &[Target]) -> Option<Vec<String>> {
        let is_library = |package: &&String| {
            targets.iter().any(|target| target.is_library() && target.package == **package)
        };
        let libraries: Vec<String> = self.package.iter().filter(is_library).cloned().collect();
        if libraries.is_empty() && !self.package.is_empty() {
            return None;
        }
        let mut arguments = owned(&["test", "--doc", "--no-fail-fast"]);
        arguments.extend(self.scope(&libraries));
        arguments.push("--".to_owned());
        arguments.extend(self.filters.iter().cloned());
        Some(arguments)
    }

    fn scope(&self, packages: &[String]) -> Vec<String> {
        let mut scope = owned(if packages.is_empty() { &["--workspace"] } else { &[] });
        scope.push("--all-features".to_owned());
        for package in packages {
            scope.extend(["--package".to_owned(), package.clone()]);
        }
        if self.release {
            scope.push("--release".to_owned());
        }
        scope
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn has_nextest(sh: &Shell) -> bool {
    let version = cargo(sh, &["nextest", "--version"]);
    version.quiet().ignore_stdout().ignore_stderr().run().is_ok()
}

#[cfg(test)]
mod tests {
    use super::Test;
    use crate::workspace::Target;
    use clap::{Args, Command, FromArgMatches};

    fn commands(line: &str, nextest: bool) -> Vec<String> {
        let arguments = ["test"].into_iter().chain(line.split_whitespace());
        let matches = Test::augment_args(Command::new("test")).get_matches_from(arguments);
        let target = |package: &str, kind: &str| Target {
            package: package.to_owned(),
            name: package.to_owned(),
            kind: kind.to_owned(),
        };
        let targets = [target("ipc", "lib"), target("xtask", "bin")];
        let commands = Test::from_arg_matches(&matches).unwrap().commands(nextest, &targets);
        commands.into_iter().map(|arguments| arguments.join(" ")).collect()
    }

    #[test]
    fn everything_is_tested_where_nothing_is_asked_for() {
        let doc = "test --doc --no-fail-fast --workspace --all-features --";
        assert_eq!(commands("", true), ["nextest run --workspace --all-features", doc]);
        assert_eq!(
            commands("", false),
            ["test --tests --no-fail-fast --workspace --all-features --", doc]
        );
    }

    #[test]
    fn packages_and_filters_narrow_both_kinds_of_test() {
        let doc = "test --doc --no-fail-fast --all-features --package ipc -- a b";
        let unit = "nextest run --all-features --package ipc --no-tests warn a b";
        assert_eq!(commands("-p ipc a b", true), [unit, doc]);
        let unit = "test --tests --no-fail-fast --all-features --package ipc -- a b";
        assert_eq!(commands("-p ipc a b", false), [unit, doc]);
    }

    #[test]
    fn further_arguments_go_to_the_runner_alone() {
        let found = commands("--release -- --nocapture", false);
        let unit =
            "test --tests --no-fail-fast --workspace --all-features --release -- --nocapture";
        assert_eq!(
            found,
            [unit, "test --doc --no-fail-fast --workspace --all-features --release --"]
        );
    }

    #[test]
    fn a_package_that_is_no_library_has_no_doctests() {
        assert_eq!(
            commands("-p xtask", true),
            ["nextest run --all-features --package xtask --no-tests warn"]
        );
        assert_eq!(commands("--no-doc", true), ["nextest run --workspace --all-features"]);
        assert!(commands("-p xtask -p ipc", true)[1].ends_with("--package ipc --"));
    }
}
