//! The whole project in memory.

use super::{
    Code, Manifest, RustFile, list, markdown, modules,
    place::{self, place},
};
use anyhow::{Context, Result};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// Every file of the project that a rule may ask for.
#[derive(Default)]
pub(crate) struct Tree {
    paths: BTreeSet<String>,
    pub(crate) rust: Vec<RustFile>,
    pub(crate) manifests: Vec<Manifest>,
    /// Manifests that cannot be read, and why.
    pub(crate) broken_manifests: Vec<(String, String)>,
    /// Markdown files and the line and target of each of their links.
    pub(crate) markdown: Vec<(String, Vec<(usize, String)>)>,
}

impl Tree {
    /// Reads the project at `root`.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut files = Vec::new();
        for path in list::project_files(root)? {
            let is_read = path.ends_with(".rs") || path.ends_with(".md") || is_manifest(&path);
            let text = if is_read {
                fs::read_to_string(root.join(&path))
                    .with_context(|| format!("failed to read {path}"))?
            } else {
                String::new()
            };
            files.push((path, text));
        }
        Ok(Self::of(files))
    }

    /// A project of these files.
    pub(crate) fn of(files: Vec<(String, String)>) -> Self {
        let mut tree = Self::default();
        for (path, text) in &files {
            if is_manifest(path) {
                match Manifest::of(path, text) {
                    Ok(manifest) => tree.manifests.push(manifest),
                    Err(reason) => tree.broken_manifests.push((path.clone(), reason)),
                }
            }
        }
        let packages = tree.manifests.iter().filter(|manifest| manifest.package().is_some());
        let crates: Vec<String> = packages.map(|manifest| manifest.folder.clone()).collect();
        for (path, text) in files {
            if path.ends_with(".rs") {
                tree.rust.push(rust_file(&path, text, &crates));
            } else if path.ends_with(".md") {
                tree.markdown.push((path.clone(), markdown::links(&text)));
            }
            tree.paths.insert(path);
        }
        tree.mark_reached();
        tree
    }

    /// Whether `path`, taken from `folder`, is a file or a folder of the project.
    pub(crate) fn has(&self, folder: &str, path: &str) -> bool {
        let path = place::join(folder, path);
        let below = format!("{path}/");
        let next = self.paths.range(below.clone()..).next();
        path.is_empty()
            || self.paths.contains(&path)
            || next.is_some_and(|next| next.starts_with(&below))
    }

    /// The manifest at the root.
    pub(crate) fn root_manifest(&self) -> Option<&Manifest> {
        self.manifests.iter().find(|manifest| manifest.folder.is_empty())
    }

    fn mark_reached(&mut self) {
        let paths = || self.rust.iter().map(|file| &*file.path);
        let mut roots = Vec::new();
        for manifest in self.manifests.iter().filter(|manifest| manifest.package().is_some()) {
            roots.extend(modules::roots(&manifest.folder, manifest.target_paths(), paths()));
        }
        let parsed = self.rust.iter();
        let parsed = parsed.filter_map(|file| Some((&*file.path, file.syntax.as_ref().ok()?)));
        let parsed: BTreeMap<&str, &syn::File> = parsed.collect();
        let reached = modules::reach(&parsed, &roots);
        for file in &mut self.rust {
            file.reached = reached.contains_key(&file.path);
            file.test_only = reached.get(&file.path).copied().unwrap_or_default();
        }
    }
}

fn is_manifest(path: &str) -> bool {
    path == "Cargo.toml" || path.ends_with("/Cargo.toml")
}

fn rust_file(path: &str, text: String, crates: &[String]) -> RustFile {
    let (krate, area) = place(path, crates);
    let syntax =
        syn::parse_file(&text).map_err(|error| (error.span().start().line, error.to_string()));
    let code = Code::of(&text);
    let (reached, test_only) = (false, false);
    RustFile { path: path.to_owned(), text, krate, area, code, syntax, reached, test_only }
}

#[cfg(test)]
mod tests {
    use super::Tree;

    #[test]
    fn files_and_folders_are_known_from_any_folder() {
        let files = ["a/b.md", "a/c/d.rs", "e.md"];
        let tree = Tree::of(files.map(|file| (file.to_owned(), String::new())).into());
        for (folder, path) in
            [("a", "b.md"), ("a/c", "../b.md"), ("", "a/c"), ("", "a/"), ("a", "..")]
        {
            assert!(tree.has(folder, path), "{folder} {path}");
        }
        for (folder, path) in [("", "b.md"), ("a", "e.md"), ("", "a/c/d")] {
            assert!(!tree.has(folder, path), "{folder} {path}");
        }
    }
}
