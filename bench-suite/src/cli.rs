//! What the user can ask for.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Parser, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::workload;

/// Measures threads and processes on this machine, beside the tools one would use instead
///
/// The tables go to standard output as Markdown, the progress to standard error. A peer that is not
/// installed is a line that says so. The exit code is 1 if a contender gave a wrong answer or one of
/// this workspace did not finish.
#[derive(Debug, Parser)]
#[command(name = "bench-suite", version)]
pub(crate) struct Arguments {
    /// Fewer rounds of less work: everything in under three minutes
    #[arg(long)]
    pub(crate) quick: bool,

    /// Measure only this workload; may be given more than once
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(workload::names()))]
    pub(crate) only: Vec<String>,

    /// Whom to compare with
    #[arg(long, value_enum, default_value_t = Peers::All)]
    pub(crate) peers: Peers,

    /// Write results.json, report.md and report.html into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Write the tables into this Markdown file, with the command that measures the same
    #[arg(long, value_name = "FILE")]
    pub(crate) publish: Option<PathBuf>,

    /// Keep the results under this name, to compare others with
    #[arg(long, value_name = "NAME")]
    pub(crate) save: Option<String>,

    /// Show what has changed since the results of this name; the exit code is 3 if anything of this
    /// workspace is worse by more than the noise
    #[arg(long, value_name = "NAME")]
    pub(crate) compare: Option<String>,

    /// Where results are kept by their names
    #[arg(long, value_name = "DIR", default_value = "target/bench/saved")]
    pub(crate) saved: PathBuf,

    /// The Python to compare with
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    pub(crate) python: OsString,

    /// Next to no work: shows that everything runs, and measures nothing of worth
    #[arg(long, hide = true)]
    pub(crate) tiny: bool,
}

/// Whom this workspace is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Peers {
    /// Nobody
    None,
    /// The standard library and other crates
    Rust,
    /// Python's modules
    Python,
    /// All of them
    All,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Arguments, Peers};

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn without_arguments_everything_is_measured_against_all() {
        let arguments = Arguments::parse_from(["bench-suite"]);
        assert!(!arguments.quick && arguments.only.is_empty() && arguments.out.is_none());
        assert_eq!(arguments.peers, Peers::All);
    }

    #[test]
    fn an_unknown_workload_is_refused_with_the_names_that_there_are() {
        let error = Arguments::try_parse_from(["bench-suite", "--only", "prims"]).unwrap_err();
        assert!(error.to_string().contains("producer_consumer"), "{error}");
    }
}
