//! A lint that is switched off says why.

use super::{
    Rule, Tree, Violation,
    tree::{Code, RustFile},
};

pub(super) const RULE: Rule = Rule {
    name: "allows",
    reason: "a lint that is switched off says why: `allow` and `expect` have a reason",
    check,
};

fn check(tree: &Tree) -> Vec<Violation> {
    tree.rust.iter().flat_map(check_file).collect()
}

fn check_file(file: &RustFile) -> Vec<Violation> {
    let code = &file.code;
    let attributes = code
        .words()
        .filter(|(index, word)| matches!(*word, "allow" | "expect") && is_attribute(code, *index));
    let silent = attributes.filter(|(index, _)| !has_reason(code, index + 1));
    silent
        .map(|(index, word)| {
            let message = format!("`{word}` without `reason = \"…\"`");
            Violation::new(&file.path, code.tokens[index].line, message)
        })
        .collect()
}

/// Whether the word stands first in `#[…]` or `#![…]`, or as an attribute of a `cfg_attr`.
fn is_attribute(code: &Code, index: usize) -> bool {
    if !code.reads(index + 1, &["("]) {
        return false;
    }
    let first = code.reads_before(index, &["#", "["]) || code.reads_before(index, &["#", "!", "["]);
    first || (code.reads_before(index, &[","]) && within_cfg_attr(code, index))
}

fn within_cfg_attr(code: &Code, index: usize) -> bool {
    let mut opened = code.words().take(index);
    opened.any(|(at, word)| {
        word == "cfg_attr" && code.tokens.get(at + 1).is_some_and(|open| open.end > index)
    })
}

fn has_reason(code: &Code, open: usize) -> bool {
    code.inside(open).any(|at| code.reads(at, &["reason", "="]))
}

#[cfg(test)]
mod tests {
    use super::RULE;

    #[test]
    fn lints_switched_off_with_a_reason_pass() {
        let text = "#![expect(a, reason = \"b\")]\n#[cfg_attr(c, allow(d, reason = \"e\"))]\n\
            fn f() { g.expect(\"h\"); i(j, expect(k)); }";
        assert!(RULE.broken_at(&[("a.rs", text)]).is_empty());
    }

    #[test]
    fn lints_switched_off_in_silence_are_told() {
        let text = "#![allow(a)]\n#[expect(b)]\n#[cfg_attr(c, allow(d))]\nfn e() {}\n\
            macro_rules! f { () => {\n#[allow(g)] fn h() {} } }";
        assert_eq!(RULE.broken_at(&[("a.rs", text)]), ["a.rs:1", "a.rs:2", "a.rs:3", "a.rs:6"]);
    }
}
