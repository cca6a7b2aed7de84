//! The docs.

use crate::workspace::cargo;
use anyhow::Result;
use clap::Args;
use xshell::Shell;

/// Build the docs, with every warning an error
///
/// Takes a few seconds once the dependencies are built, and a minute from nothing.
#[derive(Debug, Default, Args)]
pub(crate) struct Doc {
    /// Open them in a browser
    #[arg(long)]
    open: bool,
}

impl Doc {
    pub(crate) fn run(&self, sh: &Shell) -> Result<()> {
        let mut command = vec!["doc", "--workspace", "--no-deps"];
        command.extend(self.open.then_some("--open"));
        Ok(cargo(sh, &command).env("RUSTDOCFLAGS", "--deny=warnings").run()?)
    }
}
