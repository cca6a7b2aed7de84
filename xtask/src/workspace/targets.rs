//! What the workspace builds, as Cargo tells it.

use super::cargo;
use anyhow::{Context, Result};
use serde_json::Value;
use xshell::Shell;

/// One target of one package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Target {
    pub(crate) package: String,
    pub(crate) name: String,
    /// `lib`, `proc-macro`, `bin`, `example`, …
    pub(crate) kind: String,
}

impl Target {
    /// Whether its docs may hold tests.
    pub(crate) fn is_library(&self) -> bool {
        matches!(&*self.kind, "lib" | "rlib" | "proc-macro")
    }
}

/// Every target of the workspace, by package and name.
pub(crate) fn targets(sh: &Shell) -> Result<Vec<Target>> {
    let metadata = cargo(sh, &["metadata", "--no-deps", "--format-version=1"]).quiet().read()?;
    parse(&metadata).context("failed to understand what cargo metadata says")
}

fn parse(metadata: &str) -> Result<Vec<Target>> {
    let metadata: Value = serde_json::from_str(metadata)?;
    let mut found = Vec::new();
    for package in list(&metadata, "packages")? {
        for target in list(package, "targets")? {
            let kind = list(target, "kind")?.first().and_then(Value::as_str);
            found.push(Target {
                package: text(package, "name")?.to_owned(),
                name: text(target, "name")?.to_owned(),
                kind: kind.context("no kind")?.to_owned(),
            });
        }
    }
    found.sort();
    Ok(found)
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a [Value]> {
    let list = value.get(key).and_then(Value::as_array);
    list.map(Vec::as_slice).with_context(|| format!("no list {key:?}"))
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value.get(key).and_then(Value::as_str).with_context(|| format!("no text {key:?}"))
}

#[cfg(test)]
mod tests {
    use super::{Target, parse};

    #[test]
    fn targets_are_told_by_package_and_name() {
        let metadata = r#"{"packages": [
            {"name": "b", "targets": [{"name": "x", "kind": ["example"]}]},
            {"name": "a", "targets": [{"name": "a", "kind": ["lib"]}]}
        ]}"#;
        let target = |package: &str, name: &str, kind: &str| Target {
            package: package.to_owned(),
            name: name.to_owned(),
            kind: kind.to_owned(),
        };
        let expected = [target("a", "a", "lib"), target("b", "x", "example")];
        assert_eq!(parse(metadata).unwrap(), expected);
        assert!(expected[0].is_library() && !expected[1].is_library());
    }

    #[test]
    fn an_answer_of_another_shape_is_an_error() {
        assert!(parse("{}").is_err());
        assert!(parse(r#"{"packages": [{"targets": [{}]}]}"#).is_err());
    }
}
