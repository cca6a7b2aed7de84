//! Nothing is left for later.

use super::{Rule, Tree, Violation, tree::RustFile};

pub(super) const RULE: Rule = Rule {
    name: "stubs",
    reason: "what is there works: no todo!, no note to self, no test ignored without its reason",
    check,
};

const NOTES: [&str; 3] = ["FIXME", "XXX", "TODO"];

fn check(tree: &Tree) -> Vec<Violation> {
    tree.rust.iter().flat_map(check_file).collect()
}

fn check_file(file: &RustFile) -> Vec<Violation> {
    let mut found = Vec::new();
    for (line, text) in &file.code.comments {
        let mut words = text.split(|c: char| !c.is_alphanumeric());
        if let Some(note) = words.find(|word| NOTES.contains(word)) {
            found.push(Violation::new(&file.path, *line, format!("a note to self: {note}")));
        }
    }
    for (index, word) in file.code.words() {
        let stub = matches!(word, "todo" | "unimplemented") && file.code.reads(index + 1, &["!"]);
        let ignored = word == "ignore"
            && (file.code.reads_before(index, &["#", "["])
                || file.code.reads_before(index, &[","]))
            && file.code.reads(index + 1, &["]"]);
        let message = match (stub, ignored) {
            (true, _) => "a stub",
            (_, true) => "a test ignored without a reason",
            _ => continue,
        };
        found.push(Violation::new(&file.path, file.code.tokens[index].line, message));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::RULE;

    #[test]
    fn whole_code_passes() {
        let text = "/// Not a TODOLIST.\n#[ignore = \"needs a second machine\"]\nfn a(todo: bool) { \"FIXME\"; }";
        assert!(RULE.broken_at(&[("a.rs", text)]).is_empty());
    }

    #[test]
    fn stubs_notes_and_silenced_tests_are_told() {
        let text = "fn a() { todo!() }\nfn b() { unimplemented!() }\n#[ignore]\nfn c() {} // FIXME: d\n/* XXX */";
        let broken = ["a.rs:1", "a.rs:2", "a.rs:3", "a.rs:4", "a.rs:5"];
        assert_eq!(RULE.broken_at(&[("a.rs", text)]), broken);
    }
}
