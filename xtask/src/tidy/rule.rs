//! What a rule is.

use super::Tree;
use std::fmt;

/// One house rule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    /// Why the house has it, in one line.
    pub(crate) reason: &'static str,
    pub(crate) check: fn(&Tree) -> Vec<Violation>,
}

/// One place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) message: String,
}

impl Violation {
    pub(crate) fn new(file: &str, line: usize, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

#[cfg(test)]
impl Rule {
    /// Where these files break the rule, as `file:line`.
    pub(crate) fn broken_at(&self, files: &[(&str, &str)]) -> Vec<String> {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        let tree = Tree::of(files.iter().map(owned).collect());
        let mut found = (self.check)(&tree);
        found.sort();
        found.iter().map(|broken| format!("{}:{}", broken.file, broken.line)).collect()
    }

    /// Where a single file in its crate breaks the rule, as line numbers.
    pub(crate) fn broken_lines(&self, path: &str, text: &str) -> Vec<usize> {
        let folders: Vec<&str> = path.split('/').collect();
        let depth = folders.iter().position(|part| {
            matches!(*part, "src" | "tests" | "benches" | "examples" | "build.rs")
        });
        let folder = folders[..depth.unwrap_or_default()].join("/");
        let manifest = format!("{folder}/Cargo.toml");
        let package = format!("[package]\nname = \"{}\"", folder.replace('/', "-"));
        let mut lines: Vec<usize> = self
            .broken_at(&[(path, text), (&manifest, &package)])
            .iter()
            .map(|place| place.rsplit_once(':').unwrap().1.parse().unwrap())
            .collect();
        lines.sort_unstable();
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::Violation;

    #[test]
    fn a_violation_is_told_as_editors_read_it() {
        assert_eq!(Violation::new("a.rs", 3, "no").to_string(), "a.rs:3: no");
    }
}
