//! Links in the documents lead somewhere.

use super::{Rule, Tree, Violation};

pub(super) const RULE: Rule = Rule {
    name: "links",
    reason: "a document that points nowhere misleads: relative links lead to a file of the project",
    check,
};

fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, links) in &tree.markdown {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (line, target) in links.iter().filter(|(_, target)| is_relative(target)) {
            let file = target.split('#').next().unwrap_or_default();
            if !tree.has(folder, file) {
                found.push(Violation::new(path, *line, format!("`{target}` leads nowhere")));
            }
        }
    }
    found
}

/// Not a page elsewhere, a place in the same document or an item of the crate whose docs it is.
fn is_relative(target: &str) -> bool {
    let elsewhere = ["http://", "https://", "mailto:", "#"];
    !elsewhere.iter().any(|start| target.starts_with(start)) && !target.contains("::")
}

#[cfg(test)]
mod tests {
    use super::RULE;

    const FILES: [(&str, &str); 2] = [("a/src/b.rs", ""), ("c.md", "")];

    fn broken(path: &str, text: &str) -> Vec<String> {
        RULE.broken_at(&[FILES[0], FILES[1], (path, text)])
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        let text =
            "[1](src/b.rs) [2](../c.md#top) [3](https://x.y) [4](#z) [5](src/) [6](crate::B)";
        assert!(broken("a/README.md", text).is_empty());
    }

    #[test]
    fn links_that_lead_nowhere_are_told() {
        assert_eq!(
            broken("a/README.md", "\n[1](b.rs)\n[2]: ../d.md"),
            ["a/README.md:2", "a/README.md:3"]
        );
    }
}
