//! What has to pass on every change.

use super::{Chaos, Death, Doc, Library, Test, Tidy};
use crate::{
    steps::{Step, run_all},
    workspace::cargo,
};
use anyhow::Result;
use clap::Args;
use std::io;
use xshell::Shell;

/// Check everything that a change has to pass
///
/// Format, lints, house rules, tests, examples and docs, each with its time. All steps run, also
/// after one that failed. The last line counts them. Takes a few minutes, under ten from nothing on two cores.
#[derive(Debug, Args)]
pub(crate) struct Ci {}

impl Ci {
    pub(crate) fn run(&self, sh: &Shell) -> Result<()> {
        run_all(STEPS, sh, &mut io::stdout())
    }
}

/// The steps, the quick ones first.
pub(super) const STEPS: &[Step] = &[
    Step { name: "format", run: format },
    Step { name: "house rules", run: |sh| Tidy::default().run(sh) },
    Step { name: "lints", run: lints },
    Step { name: "tests", run: |sh| Test::default().run(sh) },
    Step { name: "deaths, a sample", run: |sh| Death::sample().run(sh) },
    Step { name: "chaos, primitives", run: |sh| Chaos::new(Library::Sync, 20.0 / 60.0).run(sh) },
    Step {
        name: "chaos, messages and names",
        run: |sh| Chaos::new(Library::Ipc, 20.0 / 60.0).run(sh),
    },
    Step { name: "chaos, pools", run: |sh| Chaos::new(Library::Pool, 20.0 / 60.0).run(sh) },
    Step { name: "chaos, families", run: |sh| Chaos::new(Library::Spawn, 20.0 / 60.0).run(sh) },
    Step { name: "examples", run: examples },
    Step { name: "docs", run: |sh| Doc::default().run(sh) },
];

fn format(sh: &Shell) -> Result<()> {
    Ok(cargo(sh, &["fmt", "--all", "--check"]).run()?)
}

fn lints(sh: &Shell) -> Result<()> {
    let scope = ["clippy", "--workspace", "--all-targets", "--all-features"];
    Ok(cargo(sh, &[&scope[..], &["--", "--deny", "warnings"]].concat()).run()?)
}

fn examples(sh: &Shell) -> Result<()> {
    Ok(cargo(sh, &["build", "--workspace", "--examples"]).run()?)
}
