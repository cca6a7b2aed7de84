//! Versions and lints stand once, at the root; errors are typed in libraries.

use super::{
    Rule, Tree, Violation,
    tree::{Manifest, Section},
};
use toml::Value;

pub(super) const RULE: Rule = Rule {
    name: "manifests",
    reason: "versions and lints stand once at the root; libraries have typed errors, no anyhow",
    check,
};

fn check(tree: &Tree) -> Vec<Violation> {
    let Some(root) = tree.root_manifest() else { return Vec::new() };
    let mut found = Vec::new();
    for manifest in &tree.manifests {
        let Some(package) = manifest.package() else { continue };
        if is_member(root, manifest) && !shares_lints(manifest) {
            let message = "[lints] is not `workspace = true`";
            found.push(Violation::new(&manifest.path, 1, message));
        }
        for dependency in manifest.dependencies() {
            let name = &dependency.package;
            let dev_path = dependency.section == Section::Dev && dependency.path;
            if is_member(root, manifest) && !dependency.from_workspace && !dev_path {
                let message = format!("{name} is not taken from [workspace.dependencies]");
                found.push(Violation::new(&manifest.path, dependency.line, message));
            }
            if name == "anyhow" && package != "xtask" {
                let message = "anyhow is for xtask alone: a library has errors of its own";
                found.push(Violation::new(&manifest.path, dependency.line, message));
            }
        }
    }
    found
}

fn is_member(root: &Manifest, manifest: &Manifest) -> bool {
    let members = root.table.get("workspace").and_then(|workspace| workspace.get("members"));
    let members = members.and_then(Value::as_array).into_iter().flatten();
    members.filter_map(Value::as_str).any(|member| member == manifest.folder)
}

fn shares_lints(manifest: &Manifest) -> bool {
    let lints = manifest.table.get("lints").and_then(|lints| lints.get("workspace"));
    lints.and_then(Value::as_bool).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::RULE;

    fn broken(manifest: &str) -> Vec<String> {
        let root = "[workspace]\nmembers = [\"a\"]";
        RULE.broken_at(&[("Cargo.toml", root), ("a/Cargo.toml", manifest)])
    }

    #[test]
    fn a_member_that_takes_all_from_the_root_passes() {
        let text = "[package]\nname = \"a\"\n[lints]\nworkspace = true\n[dependencies]\n\
            b.workspace = true\n[dev-dependencies]\nc = { path = \"../c\" }";
        assert!(broken(text).is_empty());
    }

    #[test]
    fn versions_lints_and_errors_of_its_own_are_told() {
        let text = "[package]\nname = \"a\"\n[dependencies]\nb = \"1\"\nanyhow.workspace = true";
        assert_eq!(broken(text), ["a/Cargo.toml:1", "a/Cargo.toml:4", "a/Cargo.toml:5"]);
    }
}
