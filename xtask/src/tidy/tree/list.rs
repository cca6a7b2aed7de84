//! Which files belong to the project.

use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};
use xshell::{Shell, cmd};

/// The path of every file of the project, from its root, with `/` between folders, sorted.
///
/// Git knows: what is tracked, and what is new but not ignored. A copy of the project without its
/// history is walked instead.
pub(crate) fn project_files(root: &Path) -> Result<Vec<String>> {
    let mut files = if root.join(".git").exists() { git(root)? } else { walk(root)? };
    files.retain(|file| root.join(file).is_file());
    files.sort();
    files.dedup();
    Ok(files)
}

fn git(root: &Path) -> Result<Vec<String>> {
    let sh = Shell::new()?;
    sh.change_dir(root);
    // A container often builds a checkout that another user owns; reading a list is no danger.
    let trust = "safe.directory=*";
    let list =
        cmd!(sh, "git -c {trust} ls-files -z --cached --others --exclude-standard").quiet().read();
    let list = list.context("failed to ask git for the files of the project")?;
    Ok(list.split('\0').filter(|file| !file.is_empty()).map(str::to_owned).collect())
}

fn walk(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let path = root.join(&folder);
        let entries = fs::read_dir(&path).with_context(|| format!("failed to list {path:?}"))?;
        for entry in entries {
            let entry = entry?;
            let inner = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                if inner != Path::new("target") {
                    folders.push(inner);
                }
            } else {
                let parts: Vec<_> = inner.iter().map(|part| part.to_string_lossy()).collect();
                files.push(parts.join("/"));
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::project_files;
    use std::fs;
    use xshell::{Shell, cmd};

    fn a_project() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in ["src/lib.rs", "target/debug/junk.rs", "Cargo.toml"] {
            let file = root.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        root
    }

    #[test]
    fn a_copy_without_history_is_walked_but_for_its_build_folder() {
        let root = a_project();
        assert_eq!(project_files(root.path()).unwrap(), ["Cargo.toml", "src/lib.rs"]);
    }

    #[test]
    fn new_files_are_seen_and_ignored_and_deleted_ones_are_not() {
        let root = a_project();
        fs::write(root.path().join(".gitignore"), "/target\n").unwrap();
        let sh = Shell::new().unwrap();
        sh.change_dir(root.path());
        cmd!(sh, "git init --quiet").run().unwrap();
        cmd!(sh, "git add Cargo.toml").run().unwrap();
        assert_eq!(project_files(root.path()).unwrap(), [".gitignore", "Cargo.toml", "src/lib.rs"]);
        fs::remove_file(root.path().join("Cargo.toml")).unwrap();
        assert_eq!(project_files(root.path()).unwrap(), [".gitignore", "src/lib.rs"]);
    }
}
