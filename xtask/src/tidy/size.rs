//! A file is a room with one purpose.

use super::{Rule, Tree, Violation, tree::RustFile};

pub(super) const RULE: Rule = Rule {
    name: "size",
    reason: "a file is a room with one purpose, and none has more than 400 lines",
    check,
};

const MOST: usize = 400;

fn check(tree: &Tree) -> Vec<Violation> {
    let files = tree.rust.iter().filter(|file| !is_suite_or_table(file));
    let measured = files.map(|file| (file, file.text.lines().count()));
    let long = measured.filter(|(_, lines)| *lines > MOST);
    long.map(|(file, lines)| {
        Violation::new(&file.path, lines, format!("{lines} lines, {MOST} are the most"))
    })
    .collect()
}

fn is_suite_or_table(file: &RustFile) -> bool {
    file.is_under("tests") || matches!(file.name(), "table.rs" | "tables.rs")
}

#[cfg(test)]
mod tests {
    use super::RULE;

    #[test]
    fn files_up_to_the_limit_suites_and_tables_pass() {
        assert!(RULE.broken_lines("a/src/b.rs", &"\n".repeat(400)).is_empty());
        for path in ["a/tests/b.rs", "a/src/tests/b.rs", "a/src/table.rs"] {
            assert!(RULE.broken_lines(path, &"\n".repeat(401)).is_empty(), "{path}");
        }
    }

    #[test]
    fn longer_files_are_told() {
        assert_eq!(RULE.broken_lines("a/src/b.rs", &"\n".repeat(401)), [401]);
        assert_eq!(RULE.broken_lines("a/src/tests.rs", &"\n".repeat(401)), [401]);
    }
}
