//! No `use …::*`.

use super::{Rule, Tree, Violation};
use syn::{UseGlob, visit::Visit};

pub(super) const RULE: Rule = Rule {
    name: "globs",
    reason: "every name can be traced to where it comes from: no `use …::*`, not even in tests",
    check,
};

fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in &tree.rust {
        let mut globs = Globs::default();
        if let Ok(syntax) = &file.syntax {
            globs.visit_file(syntax);
        }
        let told = |line| Violation::new(&file.path, line, "a glob: name what is used");
        found.extend(globs.lines.into_iter().map(told));
    }
    found
}

#[derive(Default)]
struct Globs {
    lines: Vec<usize>,
}

impl<'ast> Visit<'ast> for Globs {
    fn visit_use_glob(&mut self, glob: &'ast UseGlob) {
        self.lines.push(glob.star_token.span.start().line);
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;

    #[test]
    fn named_imports_pass() {
        assert!(RULE.broken_at(&[("a.rs", "use b::{C, d as _};\nfn e() { 1 * 2; }")]).is_empty());
    }

    #[test]
    fn globs_are_told_wherever_they_stand() {
        let text =
            "use b::*;\npub use c::{D, e::*};\nmod t { use super::*; }\nfn f() { use G::*; }";
        assert_eq!(RULE.broken_at(&[("a.rs", text)]), ["a.rs:1", "a.rs:2", "a.rs:3", "a.rs:4"]);
    }
}
