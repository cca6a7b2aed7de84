//! What is too long for every change.

use super::{Chaos, Death, Examples, Library, Loom, Test, Tsan, Windows, ci};
use crate::{
    steps::{Step, run_all},
    workspace::iceoryx2,
};
use anyhow::Result;
use clap::Args;
use std::io;
use xshell::Shell;

/// Run the long tier: all of `ci`, then what is too long for every change
///
/// After `ci`: the tests with optimisations, where races show that a debug build hides, every example, run; every
/// order of steps between threads, a death at every instruction, and 45 minutes of chaos. Takes an hour or two, and as
/// much again for the deaths.
#[derive(Debug, Args)]
pub(crate) struct Nightly {}

impl Nightly {
    pub(crate) fn run(&self, sh: &Shell) -> Result<()> {
        run_all(&[ci::STEPS, LONG].concat(), sh, &mut io::stdout())
    }
}

/// The long steps. A new one is a line here.
const LONG: &[Step] = &[
    Step { name: "lints of the peer iceoryx2", run: iceoryx2::lint },
    Step { name: "tests, optimised", run: |sh| Test::optimised().run(sh) },
    Step { name: "examples, run", run: |sh| Examples::every().run(sh) },
    Step { name: "loom", run: |sh| Loom::usual().run(sh) },
    Step { name: "threads, sanitized", run: |sh| Tsan {}.run(sh) },
    Step { name: "tests for Windows", run: |sh| Windows::default().run(sh) },
    Step { name: "chaos, primitives", run: |sh| Chaos::new(Library::Sync, 10.0).run(sh) },
    Step { name: "chaos, messages and names", run: |sh| Chaos::new(Library::Ipc, 5.0).run(sh) },
    Step { name: "chaos, managers", run: |sh| Chaos::new(Library::Manager, 5.0).run(sh) },
    Step { name: "chaos, pools", run: |sh| Chaos::new(Library::Pool, 10.0).run(sh) },
    Step { name: "chaos, clusters", run: |sh| Chaos::new(Library::Nats, 5.0).run(sh) },
    Step { name: "chaos, families", run: |sh| Chaos::new(Library::Spawn, 10.0).run(sh) },
    Step { name: "ten thousand starts", run: |sh| Test::ten_thousand_starts().run(sh) },
    Step { name: "deaths, every instruction", run: |sh| Death::every_instruction().run(sh) },
];
