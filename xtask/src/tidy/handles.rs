//! Serde for what crosses a process border exists only in `ipc`.

use super::{
    Rule, Tree, Violation, only_in,
    tree::{RustFile, Section, Token},
};

pub(super) const RULE: Rule = Rule {
    name: "handles",
    reason: "how a handle becomes a message is ipc's matter: serde is derived elsewhere, not written",
    check,
};

fn check(tree: &Tree) -> Vec<Violation> {
    let message = "is implemented by hand, which is for ipc alone";
    let allowed = |file: &RustFile| file.is_in("ipc");
    let mut found = only_in::product_code(tree, allowed, is_implemented, message);
    for manifest in tree.manifests.iter().filter(|it| it.package() == Some("sync-prims")) {
        let normal = manifest.dependencies().into_iter().filter(|it| it.section == Section::Normal);
        for dependency in normal.filter(|it| it.package.starts_with("serde")) {
            let message = "a primitive has no serde: a handle to it is ipc's";
            found.push(Violation::new(&manifest.path, dependency.line, message));
        }
    }
    found
}

/// `Serialize for` or `Deserialize<…> for`, as only an `impl` reads, in macros too.
fn is_implemented(file: &RustFile, index: usize, token: &Token) -> bool {
    if !matches!(&*token.text, "Serialize" | "Deserialize" | "DeserializeOwned") {
        return false;
    }
    let mut after = index + 1;
    if file.code.reads(after, &["<"]) {
        let closing = (after..file.code.tokens.len()).find(|at| file.code.reads(*at, &[">"]));
        after = closing.map_or(after, |closing| closing + 1);
    }
    file.code.reads(after, &["for"]) && !file.code.reads(after + 1, &["<"])
}

#[cfg(test)]
mod tests {
    use super::RULE;

    const TEXT: &str = "impl Serialize for A {}\nimpl<'de> serde::Deserialize<'de> for A {}";

    #[test]
    fn ipc_and_tests_may_write_serde_and_all_may_derive_it() {
        assert!(RULE.broken_lines("ipc/src/a.rs", TEXT).is_empty());
        assert!(RULE.broken_lines("proc-spawn/tests/a.rs", TEXT).is_empty());
        let derived = "#[derive(Serialize, Deserialize)] struct A;\n\
            fn f<T: Serialize + for<'de> Deserialize<'de>>(t: T) {}\nimpl<T: Serialize> X for T {}";
        assert!(RULE.broken_lines("pool/src/a.rs", derived).is_empty());
    }

    #[test]
    fn others_may_not_write_it_not_even_in_a_macro() {
        assert_eq!(RULE.broken_lines("pool/src/a.rs", TEXT), [1, 2]);
        let quoted = "fn f() { quote! { impl serde::Serialize for #name {} } }";
        assert_eq!(RULE.broken_lines("proc-spawn/macros/src/a.rs", quoted), [1]);
    }

    #[test]
    fn the_primitives_know_no_serde() {
        let manifest = "[package]\nname = \"sync-prims\"\n[dependencies]\nserde.workspace = true";
        assert_eq!(RULE.broken_at(&[("x/Cargo.toml", manifest)]), ["x/Cargo.toml:4"]);
    }
}
