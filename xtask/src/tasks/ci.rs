//! What has to pass on every change.

use super::{Chaos, Death, Doc, Library, Linux, Macos, Test, Tidy, Windows};
use crate::{
    steps::{Step, run_all},
    workspace::{
        LINTS_ON_WINDOWS, PORTABLE, all_build_here, cargo, iceoryx2, parts_on, portable_packages,
    },
};
use anyhow::Result;
use clap::Args;
use std::{env, io};
use xshell::Shell;

/// Check everything that a change has to pass
///
/// Format, lints, house rules, tests, examples and docs, each with its time. All steps run, also
/// after one that failed. The last line counts them. Takes a few minutes, under
/// ten from nothing on two cores. On macOS and Windows only what builds there is checked.
#[derive(Debug, Args)]
pub(crate) struct Ci {}

impl Ci {
    pub(crate) fn run(&self, sh: &Shell) -> Result<()> {
        run_all(if all_build_here() { STEPS } else { ELSEWHERE }, sh, &mut io::stdout())
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
    Step { name: "chaos, managers", run: |sh| Chaos::new(Library::Manager, 20.0 / 60.0).run(sh) },
    Step { name: "chaos, pools", run: |sh| Chaos::new(Library::Pool, 20.0 / 60.0).run(sh) },
    Step { name: "chaos, clusters", run: |sh| Chaos::new(Library::Nats, 1.0).run(sh) },
    Step { name: "chaos, families", run: |sh| Chaos::new(Library::Spawn, 20.0 / 60.0).run(sh) },
    Step { name: "examples", run: examples },
    Step { name: "docs", run: |sh| Doc::default().run(sh) },
    Step { name: "other kinds of Linux", run: |sh| Linux {}.run(sh) },
    Step { name: "macOS", run: |sh| Macos {}.run(sh) },
    Step { name: "Windows", run: |sh| Windows::lints().run(sh) },
];

/// The steps on macOS and Windows, for the packages that build there.
const ELSEWHERE: &[Step] = &[
    Step { name: "format", run: format },
    Step { name: "house rules", run: |sh| Tidy::default().run(sh) },
    Step { name: "lints of what builds here", run: portable_lints },
    Step { name: "tests of what builds here", run: |sh| Test::of(&PORTABLE).run(sh) },
    Step { name: "packages that build here in part", run: in_part },
];

fn format(sh: &Shell) -> Result<()> {
    cargo(sh, &["fmt", "--all", "--check"]).run()?;
    // It is a package of no workspace.
    iceoryx2::format(sh)
}

fn lints(sh: &Shell) -> Result<()> {
    let scope = ["clippy", "--workspace", "--all-targets", "--all-features"];
    Ok(cargo(sh, &[&scope[..], &["--", "--deny", "warnings"]].concat()).run()?)
}

fn portable_lints(sh: &Shell) -> Result<()> {
    let scope = [&["clippy"], &portable_packages()[..], &["--all-targets", "--all-features"]];
    Ok(cargo(sh, &[&scope.concat()[..], &["--", "--deny", "warnings"]].concat()).run()?)
}

fn in_part(sh: &Shell) -> Result<()> {
    for part in parts_on(env::consts::OS) {
        let lints = [&["clippy"], &part[..], &LINTS_ON_WINDOWS[..]];
        cargo(sh, &lints.concat()).run()?;
        cargo(sh, &[&["test"], &part[..], &["--no-fail-fast"]].concat()).run()?;
    }
    Ok(())
}

fn examples(sh: &Shell) -> Result<()> {
    Ok(cargo(sh, &["build", "--workspace", "--examples"]).run()?)
}
