//! Where the workspace lies.

use anyhow::{Context, Result};
use std::{
    env,
    path::{Path, PathBuf},
};
use xshell::Shell;

/// The folder of the root manifest.
pub(crate) fn root() -> Result<PathBuf> {
    // Cargo says where xtask lies now; a binary started by hand knows where it lay when built.
    let xtask = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    xtask.parent().map(Path::to_owned).context("failed to find the workspace above xtask")
}

/// A shell in that folder.
pub(crate) fn shell() -> Result<Shell> {
    let sh = Shell::new()?;
    sh.change_dir(root()?);
    Ok(sh)
}

#[cfg(test)]
mod tests {
    use super::root;

    #[test]
    fn the_root_holds_the_lock_file_of_the_workspace() {
        assert!(root().unwrap().join("Cargo.lock").is_file());
    }
}
