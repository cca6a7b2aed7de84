//! What is too long for every change.

use super::{Examples, Test, ci};
use crate::steps::{Step, run_all};
use anyhow::Result;
use clap::Args;
use std::io;
use xshell::Shell;

/// Run the long tier: all of `ci`, then what is too long for every change
///
/// After `ci`: the tests with optimisations, where races show that a debug build hides, and every example, run. Takes
/// about three times as long as `ci`.
#[derive(Debug, Args)]
pub(crate) struct Nightly {}

impl Nightly {
    pub(crate) fn run(&self, sh: &Shell) -> Result<()> {
        run_all(&[ci::STEPS, LONG].concat(), sh, &mut io::stdout())
    }
}

/// The long steps. A new one is a line here.
const LONG: &[Step] = &[
    Step { name: "tests, optimised", run: |sh| Test::optimised().run(sh) },
    Step { name: "examples, run", run: |sh| Examples::every().run(sh) },
];
