//! Every Rust file is compiled.

use super::{
    Rule, Tree, Violation,
    tree::{Area, RustFile},
};

pub(super) const RULE: Rule = Rule {
    name: "reachable",
    reason: "a file that no `mod` leads to is never compiled, tested or noticed",
    check,
};

fn check(tree: &Tree) -> Vec<Violation> {
    let lost = tree.rust.iter().filter(|file| !file.reached && !is_named(tree, file));
    lost.map(|file| Violation::new(&file.path, 1, "no `mod` leads here from a crate's root"))
        .collect()
}

/// Whether a test of the same crate names the file or its folder in a string, as the harness for
/// programs that must not compile has it.
fn is_named(tree: &Tree, lost: &RustFile) -> bool {
    if lost.area != Area::Tests {
        return false;
    }
    let inner = lost.path.strip_prefix(&lost.krate).unwrap_or(&lost.path).trim_start_matches('/');
    let folder = inner.rsplit_once('/').map_or("", |(folder, _)| folder);
    let by_folder = format!("\"{folder}/*.rs\"");
    let by_name = format!("\"{inner}\"");
    let beside = tree.rust.iter().filter(|file| file.krate == lost.krate && file.reached);
    let mut words = beside.flat_map(|file| file.code.words());
    words.any(|(_, word)| word == by_folder || word == by_name)
}

#[cfg(test)]
mod tests {
    use super::RULE;

    const MANIFEST: (&str, &str) = ("a/Cargo.toml", "[package]\nname = \"a\"");

    #[test]
    fn roots_their_modules_and_named_programs_pass() {
        let files = [
            MANIFEST,
            ("a/src/lib.rs", "mod b;"),
            ("a/src/b.rs", ""),
            ("a/src/bin/c.rs", ""),
            ("a/tests/d.rs", "fn ui() { try_all(\"tests/ui/*.rs\", \"tests/one/x.rs\") }"),
            ("a/tests/ui/e.rs", ""),
            ("a/tests/one/x.rs", ""),
        ];
        assert!(RULE.broken_at(&files).is_empty());
    }

    #[test]
    fn files_that_nothing_leads_to_are_told() {
        let files = [
            MANIFEST,
            ("a/src/lib.rs", "mod b;"),
            ("a/src/b.rs", ""),
            ("a/src/lost.rs", "mod deeper;"),
            ("a/src/lost/deeper.rs", ""),
            ("a/tests/ui/e.rs", ""),
        ];
        let lost = ["a/src/lost.rs:1", "a/src/lost/deeper.rs:1", "a/tests/ui/e.rs:1"];
        assert_eq!(RULE.broken_at(&files), lost);
    }
}
