//! An ordering names its partner.

use super::{
    Rule, Tree, Violation,
    tree::{Area, Code, RustFile},
};
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    name: "orderings",
    reason: "every ordering but Relaxed tells in a comment which other access it pairs with",
    check,
};

const ORDERINGS: [&str; 4] = ["Acquire", "Release", "AcqRel", "SeqCst"];

/// How many lines above an access its comment may stand.
const REACH: usize = 3;

fn check(tree: &Tree) -> Vec<Violation> {
    let crates = ["sync-prims", "ipc"];
    let files = tree.rust.iter().filter(|file| crates.contains(&&*file.krate));
    files.filter(|file| file.area == Area::Src).flat_map(check_file).collect()
}

fn check_file(file: &RustFile) -> Vec<Violation> {
    let code = &file.code;
    let (imports, imported) = imported(code);
    let mut found = Vec::new();
    for (index, word) in code.words() {
        let is_ordering = ORDERINGS.contains(&word)
            && (code.reads_before(index, &["Ordering", "::"])
                || (imported.contains(word) && !code.reads_before(index, &["::"])));
        if !is_ordering || imports.contains(&index) || file.is_test(index) {
            continue;
        }
        let line = code.tokens[index].line;
        let first = statement_start(code, index).saturating_sub(REACH);
        if code.comments.range(first..=line).next().is_none() {
            let message = format!("`{word}` has no comment that names what it pairs with");
            found.push(Violation::new(&file.path, line, message));
        }
    }
    found
}

/// The tokens of every `use` that names `Ordering`, and the orderings among them.
fn imported(code: &Code) -> (BTreeSet<usize>, BTreeSet<&str>) {
    let mut tokens = BTreeSet::new();
    for (start, _) in code.words().filter(|(_, word)| *word == "use") {
        let end = (start..code.tokens.len()).find(|at| code.reads(*at, &[";"]));
        let range = start..end.unwrap_or(start);
        if code.tokens[range.clone()].iter().any(|token| token.text == "Ordering") {
            tokens.extend(range);
        }
    }
    let words = tokens.iter().map(|index| &*code.tokens[*index].text);
    let words = words.filter(|word| ORDERINGS.contains(word)).collect();
    (tokens, words)
}

/// The line on which the statement that holds the token at `index` begins.
fn statement_start(code: &Code, index: usize) -> usize {
    let before =
        code.tokens[..index].iter().rposition(|token| matches!(&*token.text, ";" | "{" | "}"));
    code.tokens[before.map_or(0, |before| before + 1)].line
}

#[cfg(test)]
mod tests {
    use super::RULE;

    fn broken(text: &str) -> Vec<usize> {
        RULE.broken_lines("sync-prims/src/raw/lock.rs", text)
    }

    #[test]
    fn orderings_with_a_comment_in_reach_pass() {
        assert!(broken("fn a() { b.load(Ordering::Acquire); // with store in c\n}").is_empty());
        assert!(broken("fn a() {\n// Pairs with c.\n\n\nb.load(Ordering::Acquire); }").is_empty());
        let long =
            "fn a() {\n// Pairs with c.\nb\n.compare_exchange(\n1,\n2,\nSeqCst,\nRelaxed\n); }";
        let import = "use core::sync::atomic::Ordering::{Relaxed, SeqCst};\n";
        assert!(broken(&format!("{import}{long}")).is_empty());
    }

    #[test]
    fn relaxed_foreign_names_and_tests_need_none() {
        assert!(broken("fn a() { b.load(Ordering::Relaxed); Kind::Release; Acquire; }").is_empty());
        assert!(broken("#[cfg(test)] mod t { fn a() { b.load(Ordering::SeqCst); } }").is_empty());
        let text = "fn a() { b.load(Ordering::SeqCst); }";
        assert!(RULE.broken_lines("pool/src/a.rs", text).is_empty());
    }

    #[test]
    fn orderings_without_a_comment_are_told() {
        assert_eq!(broken("fn a() {\nb.load(Ordering::Acquire);\n}"), [2]);
        assert_eq!(broken("// c\n\n\n\n\nfn a() {\nb.load(Ordering::Acquire);\n}"), [7]);
        let import = "use crate::primitive::{A, Ordering::Release};\n";
        assert_eq!(broken(&format!("{import}fn a() {{ b.store(1, Release); }}")), [2]);
    }
}
