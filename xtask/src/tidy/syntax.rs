//! Every Rust file and manifest can be read, so that no other rule overlooks it.

use super::{Rule, Tree, Violation};

pub(super) const RULE: Rule =
    Rule { name: "syntax", reason: "a file that cannot be parsed escapes every other rule", check };

fn check(tree: &Tree) -> Vec<Violation> {
    let manifests =
        tree.broken_manifests.iter().map(|(path, reason)| Violation::new(path, 1, reason.as_str()));
    let rust = tree.rust.iter().filter_map(|file| {
        let (line, reason) = file.syntax.as_ref().err()?;
        Some(Violation::new(&file.path, *line, reason.as_str()))
    });
    manifests.chain(rust).collect()
}

#[cfg(test)]
mod tests {
    use super::RULE;

    #[test]
    fn whole_files_pass_and_broken_ones_are_told() {
        assert!(RULE.broken_at(&[("a.rs", "fn a() {}"), ("Cargo.toml", "[a]")]).is_empty());
        let broken = [("a.rs", "fn a() {}\nfn b( {}"), ("Cargo.toml", "[a")];
        assert_eq!(RULE.broken_at(&broken).len(), 2);
    }
}
