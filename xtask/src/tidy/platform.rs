//! Code for one system stands under `sys/` or `futex/`, and never within a function; a suite of tests may
//! say at its top which systems have what it tests.

use super::{
    Rule, Tree, Violation,
    tree::{Area, Code, RustFile},
};

pub(super) const RULE: Rule = Rule {
    name: "platform",
    reason: "one body per system, each whole in its own file: platform cfg only under sys/ and futex/",
    check,
};

fn check(tree: &Tree) -> Vec<Violation> {
    tree.rust.iter().flat_map(check_file).collect()
}

fn check_file(file: &RustFile) -> Vec<Violation> {
    let code = &file.code;
    let at_home = file.is_under("sys") || file.is_under("futex");
    let mut found = Vec::new();
    for (index, word) in code.words() {
        let Some(system) = platform_predicate(code, index, word) else { continue };
        let token = &code.tokens[index];
        let message = if is_of_a_whole_suite(file, index) {
            continue;
        } else if !at_home {
            format!("cfg of `{system}` stands only under sys/ or futex/")
        } else if token.place.function {
            format!("cfg of `{system}` in a function: give each system a function of its own")
        } else {
            continue;
        };
        found.push(Violation::new(&file.path, token.line, message));
    }
    found
}

/// Whether the `cfg` at `index` opens a file of tests: `#![cfg(…)]`.
fn is_of_a_whole_suite(file: &RustFile, index: usize) -> bool {
    file.area == Area::Tests && file.code.reads_before(index, &["#", "!", "["])
}

/// The first word of the predicate of the `cfg`, `cfg!` or `cfg_attr` at `index` that names a system.
fn platform_predicate<'a>(code: &'a Code, index: usize, word: &str) -> Option<&'a str> {
    if !matches!(word, "cfg" | "cfg_attr") {
        return None;
    }
    let open = index + 1 + usize::from(code.reads(index + 1, &["!"]));
    if !code.reads(open, &["("]) {
        return None;
    }
    let mut at = open + 1;
    while at < code.tokens[open].end {
        let token = &code.tokens[at];
        if word == "cfg_attr" && token.text == "," {
            return None;
        }
        // The predicate's own groups: `not(…)`, `any(…)`, `all(…)`.
        let group = code.inside(at).map(|inner| &*code.tokens[inner].text);
        if let Some(system) = std::iter::once(&*token.text).chain(group).find(|it| names_system(it))
        {
            return Some(system);
        }
        at = token.end + 1;
    }
    None
}

fn names_system(word: &str) -> bool {
    word.starts_with("target_") || matches!(word, "unix" | "windows")
}

#[cfg(test)]
mod tests {
    use super::RULE;

    #[test]
    fn platform_code_in_its_folder_passes() {
        let text = "#[cfg(target_os = \"linux\")] mod linux;\n#[cfg(not(unix))] fn a() {}";
        assert!(RULE.broken_lines("ipc/src/sys/mod.rs", text).is_empty());
        assert!(RULE.broken_lines("sync-prims/src/futex/mod.rs", text).is_empty());
    }

    #[test]
    fn other_cfg_passes_anywhere() {
        let text = "#[cfg(loom)] mod unix;\n#[cfg_attr(loom, path = \"unix.rs\")] mod a;\n\
            fn b() { if cfg!(debug_assertions) { sys::unix() } }\n#[cfg(feature = \"unix\")] fn c() {}";
        assert!(RULE.broken_lines("ipc/src/a.rs", text).is_empty());
    }

    #[test]
    fn a_whole_suite_of_tests_may_be_of_one_system() {
        let text = "#![cfg(unix)]\n#[cfg(unix)] fn a() {}";
        assert_eq!(RULE.broken_lines("ipc/tests/a.rs", text), [2]);
        assert_eq!(RULE.broken_lines("ipc/src/a.rs", text), [1, 2]);
    }

    #[test]
    fn platform_cfg_elsewhere_is_told() {
        let text = "#[cfg(unix)] fn a() {}\n#[cfg_attr(all(loom, windows), path = \"a.rs\")] mod b;\n\
            fn c() { if cfg!(target_env = \"gnu\") {} }\n#[cfg(any(loom, not(target_arch = \"arm\")))] fn d() {}";
        assert_eq!(RULE.broken_lines("ipc/src/a.rs", text), [1, 2, 3, 4]);
        assert_eq!(RULE.broken_lines("ipc/tests/a.rs", text), [1, 2, 3, 4]);
    }

    #[test]
    fn platform_cfg_within_a_function_is_told_even_at_home() {
        let text = "fn a() {\n  #[cfg(unix)]\n  b();\n}";
        assert_eq!(RULE.broken_lines("ipc/src/sys/a.rs", text), [2]);
    }
}
