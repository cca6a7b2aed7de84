//! Names that say nothing.

use super::{Rule, Tree, Violation, tree::RustFile};

pub(super) const RULE: Rule = Rule {
    name: "names",
    reason: "a name says what a thing is: no base, util, common, helpers or misc, and no `get_`",
    check,
};

const EMPTY: [&str; 7] = ["base", "util", "utils", "common", "helper", "helpers", "misc"];

/// Python's `get` and std's names with it: there the word is the verb, not a prefix.
const GETTERS: [&str; 5] =
    ["get_mut", "get_many", "get_timeout", "get_unchecked", "get_unchecked_mut"];

fn check(tree: &Tree) -> Vec<Violation> {
    tree.rust.iter().flat_map(check_file).collect()
}

fn check_file(file: &RustFile) -> Vec<Violation> {
    let mut found = Vec::new();
    let parts = file.path.trim_end_matches(".rs").split('/');
    for part in parts.filter(|part| EMPTY.contains(part)) {
        found.push(Violation::new(&file.path, 1, format!("`{part}` in a path says nothing")));
    }
    for (index, word) in file.code.words() {
        let line = file.code.tokens[index].line;
        let has_body = file.code.reads(index + 1, &["{"]);
        if has_body && file.code.reads_before(index, &["mod"]) && EMPTY.contains(&word) {
            found.push(Violation::new(&file.path, line, format!("module `{word}` says nothing")));
        }
        // A test is a sentence, which may begin with the name of what it is about.
        let is_function = file.code.reads_before(index, &["fn"]) && !file.is_test(index);
        if is_function && word.starts_with("get_") && !GETTERS.contains(&word) {
            let message = format!("`{word}`: an accessor is called by what it gives");
            found.push(Violation::new(&file.path, line, message));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::RULE;

    #[test]
    fn names_that_say_something_pass() {
        let text = "mod database { fn get(&self) {} fn get_mut(&self) {} fn target_of() {} }";
        assert!(RULE.broken_lines("a/src/commons.rs", text).is_empty());
        let test = "#[test] fn get_pid_is_gone() {}";
        assert!(RULE.broken_lines("a/src/b.rs", test).is_empty());
    }

    #[test]
    fn names_that_say_nothing_are_told() {
        assert_eq!(RULE.broken_lines("a/src/util.rs", ""), [1]);
        assert_eq!(RULE.broken_lines("a/tests/common/x.rs", ""), [1]);
        assert_eq!(RULE.broken_lines("a/src/b.rs", "\nmod helpers { fn get_pid() {} }"), [2, 2]);
    }
}
