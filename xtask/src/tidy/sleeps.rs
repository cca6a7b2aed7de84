//! Nothing sleeps for luck.

use super::{
    Rule, Tree, Violation,
    tree::{Code, RustFile},
};

pub(super) const RULE: Rule = Rule {
    name: "sleeps",
    reason: "what can be awaited is awaited: a sleep has a comment `// sleep: why` beside it",
    check,
};

const CALLS: [&str; 6] =
    ["sleep", "sleep_ms", "sleep_until", "usleep", "nanosleep", "clock_nanosleep"];

fn check(tree: &Tree) -> Vec<Violation> {
    tree.rust.iter().flat_map(check_file).collect()
}

fn check_file(file: &RustFile) -> Vec<Violation> {
    let code = &file.code;
    let sleeps = code.words().filter(|(index, word)| {
        let of_thread = code.reads_before(*index, &["thread", "::"]);
        let called = code.reads(*index + 1, &["("]) && !code.reads_before(*index, &["fn"]);
        let method = code.reads_before(*index, &["."]);
        CALLS.contains(word) && (of_thread || called) && !method && !is_import(code, *index)
    });
    let lines = sleeps.map(|(index, _)| code.tokens[index].line);
    let unexplained = lines.filter(|line| !is_explained(code, *line));
    unexplained
        .map(|line| Violation::new(&file.path, line, "a sleep without a comment `// sleep: why`"))
        .collect()
}

fn is_import(code: &Code, index: usize) -> bool {
    let statement = code.tokens[..index].iter().rev();
    let mut statement = statement.take_while(|token| !matches!(&*token.text, ";" | "}"));
    statement.any(|token| token.text == "use")
}

/// Whether the line, or the block of comments right above it, says why.
fn is_explained(code: &Code, line: usize) -> bool {
    let says_why = |text: &String| {
        let reason = text.split_once("sleep:").map(|(_, reason)| reason.trim());
        reason.is_some_and(|reason| !reason.is_empty())
    };
    let above = (1..line).rev().map_while(|line| code.comments.get(&line));
    code.comments.get(&line).into_iter().chain(above).any(says_why)
}

#[cfg(test)]
mod tests {
    use super::RULE;

    #[test]
    fn explained_sleeps_and_other_words_pass() {
        let text = "use std::thread::sleep;\nfn a(b: B) {\n// sleep: the page takes this long\n\
            // by its definition\nthread::sleep(D); sleep(D); // sleep: again\nb.sleep(D); }\nfn sleep() {}";
        assert!(RULE.broken_at(&[("a.rs", text)]).is_empty());
    }

    #[test]
    fn sleeps_without_a_reason_are_told() {
        let text = "fn a() {\nthread::sleep(D);\n// sleep:\nsleep(D);\n// sleep: far\n\nusleep(1);\nb(thread::sleep); }";
        let broken = ["a.rs:2", "a.rs:4", "a.rs:7", "a.rs:8"];
        assert_eq!(RULE.broken_at(&[("a.rs", text)]), broken);
    }
}
