//! One Rust file and what is known of it.

use super::{Area, Code};

/// One Rust file.
pub(crate) struct RustFile {
    pub(crate) path: String,
    pub(crate) text: String,
    /// The folder of its crate.
    pub(crate) krate: String,
    pub(crate) area: Area,
    pub(crate) code: Code,
    /// Its syntax, or what is wrong with it and on which line.
    pub(crate) syntax: Result<syn::File, (usize, String)>,
    /// Whether a `mod` leads to it.
    pub(crate) reached: bool,
    /// Whether it is reached for tests only.
    pub(crate) test_only: bool,
}

impl RustFile {
    /// Its items' syntax; empty where the file has none.
    pub(crate) fn items(&self) -> &[syn::Item] {
        self.syntax.as_ref().map_or(&[], |file| &file.items)
    }

    /// Whether the token at `index` is compiled for tests, benchmarks or examples only.
    pub(crate) fn is_test(&self, index: usize) -> bool {
        let outside = matches!(self.area, Area::Tests | Area::Benches | Area::Examples);
        outside || self.test_only || self.code.tokens[index].place.test
    }

    /// Whether one of its folders is called `name`.
    pub(crate) fn is_under(&self, name: &str) -> bool {
        let mut folders = self.path.split('/');
        folders.next_back();
        folders.any(|folder| folder == name)
    }

    /// Whether it lies in the folder `path`, given from the project's root.
    pub(crate) fn is_in(&self, path: &str) -> bool {
        super::place::inner(&self.path, path).is_some()
    }

    /// The name of the file without its folders.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}
