//! `lib.rs` and `mod.rs` are roofs: they show what is below and hold nothing themselves.

use super::{Rule, Tree, Violation, tree::RustFile};
use syn::{Attribute, Item, TraitItem, Visibility, spanned::Spanned};

pub(super) const RULE: Rule = Rule {
    name: "roofs",
    reason: "lib.rs and mod.rs hold docs, `mod` and `pub use`, so that a crate is read from the top",
    check,
};

fn check(tree: &Tree) -> Vec<Violation> {
    // Under tests/ a `mod.rs` is how cargo tells shared code from a test program.
    let roofs = tree.rust.iter().filter(|file| {
        matches!(file.name(), "lib.rs" | "mod.rs") && !file.path.contains("/tests/")
    });
    let items = roofs.flat_map(|file| file.items().iter().map(move |item| (file, item)));
    let wrong = items.filter(|(file, item)| !belongs(file, item));
    wrong
        .map(|(file, item)| {
            let line = item.span().start().line;
            let message =
                "a roof holds only docs, `mod x;` and `pub use`: this has a file of its own";
            Violation::new(&file.path, line, message)
        })
        .collect()
}

fn belongs(file: &RustFile, item: &Item) -> bool {
    match item {
        // A module that only shows things under another name is a roof, too.
        Item::Mod(module) => {
            module.content.as_ref().is_none_or(|(_, items)| items.iter().all(is_shown))
        }
        Item::Use(_) => {
            is_shown(item) || file.items().iter().any(|item| is_macro_entry(file, item))
        }
        Item::ExternCrate(_) => true,
        // The compiler wants the entry points of procedural macros in the root.
        Item::Fn(_) => is_macro_entry(file, item),
        // A system that has no body says why.
        Item::Macro(call) => call.mac.path.is_ident("compile_error"),
        // The contract that every system's body fulfils.
        Item::Trait(contract) => {
            let platform =
                file.path.ends_with("/sys/mod.rs") || file.path.ends_with("/futex/mod.rs");
            platform && contract.items.iter().all(is_bare)
        }
        _ => false,
    }
}

fn is_shown(item: &Item) -> bool {
    matches!(item, Item::Use(import) if !matches!(import.vis, Visibility::Inherited))
}

fn is_macro_entry(file: &RustFile, item: &Item) -> bool {
    let names = ["proc_macro", "proc_macro_derive", "proc_macro_attribute"];
    let marks = |it: &Attribute| names.iter().any(|name| it.path().is_ident(name));
    let Item::Fn(function) = item else { return false };
    file.name() == "lib.rs" && function.attrs.iter().any(marks)
}

fn is_bare(item: &TraitItem) -> bool {
    match item {
        TraitItem::Fn(function) => function.default.is_none(),
        TraitItem::Const(constant) => constant.default.is_none(),
        TraitItem::Type(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;

    #[test]
    fn roofs_with_docs_modules_and_exports_pass() {
        let text = "//! Docs.\n#![no_std]\nextern crate alloc;\n#[macro_use]\nmod a;\npub mod b;\n\
            pub use a::C;\npub(crate) use b::{D, E};\n\
            pub mod f { pub use crate::a::G; }";
        assert!(RULE.broken_lines("x/src/lib.rs", text).is_empty());
        assert!(RULE.broken_lines("x/src/a/mod.rs", text).is_empty());
    }

    #[test]
    fn macro_entries_contracts_and_refusals_have_their_place() {
        let entry = "use proc_macro::TokenStream;\n\
            #[proc_macro_derive(A)] pub fn a(x: TokenStream) -> TokenStream { b(x) }";
        assert!(RULE.broken_lines("x/macros/src/lib.rs", entry).is_empty());
        let contract = "mod linux;\ntrait Contract { fn a(&self); }\ncompile_error!(\"why\");";
        assert!(RULE.broken_lines("x/src/sys/mod.rs", contract).is_empty());
        assert_eq!(RULE.broken_lines("x/src/b/mod.rs", contract), [2]);
    }

    #[test]
    fn whatever_else_a_roof_holds_is_told() {
        let text = "use a::B;\nfn c() {}\nstruct D;\nmod e { fn x() {} }\nmacro_rules! f { () => {} }\n\
            pub const G: u8 = 1;";
        assert_eq!(RULE.broken_lines("x/src/lib.rs", text), [1, 2, 3, 4, 5, 6]);
        assert!(RULE.broken_lines("x/src/other.rs", text).is_empty());
        assert!(RULE.broken_lines("x/tests/shared/mod.rs", text).is_empty());
    }
}
