//! A `Cargo.toml`, as far as the rules ask.

use toml::{Table, Value};

/// One manifest.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) path: String,
    /// The folder of the manifest, empty for the root.
    pub(crate) folder: String,
    pub(crate) table: Table,
    lines: Vec<String>,
}

/// Which table of a manifest a dependency stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Normal,
    Build,
    Dev,
}

/// One dependency of one crate.
#[derive(Debug)]
pub(crate) struct Dependency {
    /// The name of the package, whatever it is called in the crate.
    pub(crate) package: String,
    pub(crate) section: Section,
    pub(crate) line: usize,
    pub(crate) from_workspace: bool,
    pub(crate) version: bool,
    pub(crate) path: bool,
}

impl Manifest {
    /// Reads the manifest at `path`; `Err` tells why it is none.
    pub(crate) fn of(path: &str, text: &str) -> Result<Self, String> {
        let table = text.parse::<Table>().map_err(|error| error.message().to_owned())?;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let lines = text.lines().map(str::to_owned).collect();
        Ok(Self { path: path.to_owned(), folder, table, lines })
    }

    /// The name of the package, if the manifest is one's.
    pub(crate) fn package(&self) -> Option<&str> {
        self.table.get("package")?.get("name")?.as_str()
    }

    /// The `path` keys of its targets: `[lib]`, `[[bin]]`, `[[test]]`, `[[example]]`, `[[bench]]`.
    pub(crate) fn target_paths(&self) -> impl Iterator<Item = &str> {
        let lib = self.table.get("lib").into_iter();
        let lists = ["bin", "test", "example", "bench"].into_iter();
        let others = lists.filter_map(|kind| self.table.get(kind)?.as_array()).flatten();
        lib.chain(others).filter_map(|target| target.get("path")?.as_str())
    }

    /// Every dependency of every section, those for one platform included.
    pub(crate) fn dependencies(&self) -> Vec<Dependency> {
        let mut found = Vec::new();
        self.add_sections(&self.table, &mut found);
        let platforms = self.table.get("target").and_then(Value::as_table);
        for platform in platforms.into_iter().flatten().filter_map(|(_, table)| table.as_table()) {
            self.add_sections(platform, &mut found);
        }
        found
    }

    /// The entry of `[workspace.dependencies]` for `name`.
    pub(crate) fn workspace_dependency(&self, name: &str) -> Option<&Value> {
        self.table.get("workspace")?.get("dependencies")?.get(name)
    }

    fn add_sections(&self, table: &Table, found: &mut Vec<Dependency>) {
        let sections = [
            ("dependencies", Section::Normal),
            ("build-dependencies", Section::Build),
            ("dev-dependencies", Section::Dev),
        ];
        for (name, section) in sections {
            let entries = table.get(name).and_then(Value::as_table).into_iter().flatten();
            for (name, value) in entries {
                let package = value.get("package").and_then(Value::as_str).unwrap_or(name);
                found.push(Dependency {
                    package: package.to_owned(),
                    section,
                    line: self.line_of(name),
                    from_workspace: value.get("workspace").is_some(),
                    version: value.is_str() || value.get("version").is_some(),
                    path: value.get("path").is_some(),
                });
            }
        }
    }

    /// The first line that sets `key`, or the first of all.
    pub(crate) fn line_of(&self, key: &str) -> usize {
        let sets_key = |line: &String| {
            let rest = line.trim_start().strip_prefix(key);
            rest.is_some_and(|rest| rest.trim_start().starts_with(['=', '.']))
                || line.trim_end().ends_with(&format!("ependencies.{key}]"))
        };
        self.lines.iter().position(sets_key).map_or(1, |index| index + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::{Manifest, Section};

    #[test]
    fn dependencies_of_every_section_and_platform_are_found() {
        let text = r#"
[package]
name = "a"
[dependencies]
one.workspace = true
two = { path = "../two", package = "real-two" }
[target.'cfg(unix)'.dependencies]
three = "1"
[dev-dependencies]
four = { version = "1", path = "../four" }
[build-dependencies.five]
version = "1"
"#;
        let manifest = Manifest::of("a/Cargo.toml", text).unwrap();
        assert_eq!((manifest.package(), &*manifest.folder), (Some("a"), "a"));
        let mut found: Vec<_> = manifest
            .dependencies()
            .into_iter()
            .map(|d| (d.line, d.package, d.section, d.from_workspace, d.version, d.path))
            .collect();
        found.sort_by_key(|dependency| dependency.0);
        let expected = [
            (5, "one".to_owned(), Section::Normal, true, false, false),
            (6, "real-two".to_owned(), Section::Normal, false, false, true),
            (8, "three".to_owned(), Section::Normal, false, true, false),
            (10, "four".to_owned(), Section::Dev, false, true, true),
            (11, "five".to_owned(), Section::Build, false, true, false),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn targets_with_a_path_of_their_own_are_found() {
        let text = "[lib]\npath = \"a.rs\"\n[[bin]]\nname = \"b\"\npath = \"b.rs\"\n[[test]]\nname = \"c\"";
        let manifest = Manifest::of("Cargo.toml", text).unwrap();
        assert_eq!(manifest.target_paths().collect::<Vec<_>>(), ["a.rs", "b.rs"]);
    }

    #[test]
    fn a_broken_manifest_is_an_error() {
        assert!(Manifest::of("Cargo.toml", "[package").is_err());
    }
}
