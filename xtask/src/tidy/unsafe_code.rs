//! Unsafe code is fenced: the file that has it says so at its top, and some places have none.

use super::{
    Rule, Tree, Violation,
    tree::{Area, RustFile},
};

pub(super) const RULE: Rule = Rule {
    name: "unsafe",
    reason: "unsafe is rare and fenced: a file that has any opens with why, and some places have none",
    check,
};

fn check(tree: &Tree) -> Vec<Violation> {
    tree.rust.iter().flat_map(check_file).collect()
}

fn check_file(file: &RustFile) -> Vec<Violation> {
    let tokens = &file.code.tokens;
    let told = |index: usize, message| Violation::new(&file.path, tokens[index].line, message);
    let mut uses = (0..tokens.len()).filter(|index| is_unsafe(file, *index));
    let opt_ins: Vec<usize> = (0..tokens.len()).filter(|index| is_opt_in(file, *index)).collect();
    if is_free_of_unsafe(file) {
        let all = uses.chain(opt_ins);
        return all.map(|index| told(index, "unsafe code has no place here")).collect();
    }
    let at_top = opt_ins.iter().any(|index| is_at_top(file, *index));
    let in_tests = opt_ins.iter().any(|index| tokens[*index].place.test);
    let fenced = |index: usize| at_top || (in_tests && tokens[index].place.test);
    let unfenced = uses.find(|index| !fenced(*index)).map(|index| {
        told(index, "unsafe code, but no `#![expect(unsafe_code, reason = …)]` at the top")
    });
    let wrong = opt_ins.iter().filter_map(|index| Some(told(*index, wrong_opt_in(file, *index)?)));
    unfenced.into_iter().chain(wrong).collect()
}

/// Pool, the macros, and all of bench-suite and xtask but for what asks the system.
fn is_free_of_unsafe(file: &RustFile) -> bool {
    match &*file.krate {
        "pool" => true,
        "bench-suite" | "xtask" => !file.is_under("sys"),
        krate => krate.ends_with("/macros"),
    }
}

/// Whether the token at `index` is an `unsafe` of this file. That of a pointer type asks for
/// nothing, and that of quoted code or a macro's body is judged where it is written to.
fn is_unsafe(file: &RustFile, index: usize) -> bool {
    let code = &file.code;
    let token = &code.tokens[index];
    if token.text != "unsafe" || token.place.quoted || token.place.template {
        return false;
    }
    let mut next = index + 1;
    if code.reads(next, &["extern"]) {
        next += 1;
        let abi = code.tokens.get(next).is_some_and(|token| token.text.starts_with('"'));
        next += usize::from(abi);
    }
    !code.reads(next, &["fn", "("])
}

/// Whether the token at `index` is the name of the lint in an attribute of this file.
fn is_opt_in(file: &RustFile, index: usize) -> bool {
    let code = &file.code;
    let token = &code.tokens[index];
    let is_attribute = |(open, word): (usize, &str)| {
        let marked = code.reads_before(open, &["#"]) || code.reads_before(open, &["#", "!"]);
        word == "[" && marked && code.tokens[open].end > index
    };
    let written_elsewhere = token.place.quoted || token.place.template;
    token.text == "unsafe_code" && !written_elsewhere && code.words().take(index).any(is_attribute)
}

/// Whether the lint is named in an inner attribute of the file itself.
fn is_at_top(file: &RustFile, index: usize) -> bool {
    let Ok(syntax) = &file.syntax else { return false };
    let line = file.code.tokens[index].line;
    syntax.attrs.iter().any(|attribute| {
        let span = |spanned: proc_macro2::Span| (spanned.start().line, spanned.end().line);
        let (first, _) = span(attribute.pound_token.span);
        let (_, last) = span(attribute.bracket_token.span.close());
        (first..=last).contains(&line)
    })
}

fn wrong_opt_in(file: &RustFile, index: usize) -> Option<&'static str> {
    let opens_children = file.items().iter().any(|item| match item {
        syn::Item::Mod(module) => {
            let conditional = module.attrs.iter().any(|it| it.path().is_ident("cfg"));
            module.content.is_none() && !conditional
        }
        _ => false,
    });
    let at_top = is_at_top(file, index);
    if !file.code.reads_before(index, &["expect", "("]) {
        Some("unsafe code is asked for by `expect`, so that it goes when the code goes")
    } else if !at_top && !file.code.tokens[index].place.test {
        Some("the opt-in to unsafe code stands at the top of its file")
    } else if at_top && file.area == Area::Src && opens_children {
        Some("an opt-in in a file with modules below it opens all of them: move the code down")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;

    const OPT_IN: &str = "#![expect(unsafe_code, reason = \"why\")]\n";
    const UNSAFE: &str = "fn a() { unsafe { b() } }";

    #[test]
    fn a_file_that_opts_in_at_its_top_passes() {
        let text = format!("//! Docs.\n{OPT_IN}{UNSAFE}");
        assert!(RULE.broken_lines("ipc/src/a.rs", &text).is_empty());
        let conditional =
            "#![cfg_attr(\n    not(loom),\n    expect(unsafe_code, reason = \"why\")\n)]\n";
        assert!(RULE.broken_lines("ipc/src/a.rs", &format!("{conditional}{UNSAFE}")).is_empty());
    }

    #[test]
    fn words_pointer_types_and_quoted_code_ask_for_nothing() {
        let text = "// unsafe\nconst A: &str = \"unsafe\"; type F = unsafe extern \"C\" fn(u8);\n\
            fn a() { quote! { #[allow(unsafe_code)] unsafe impl A for B {} } }";
        assert!(RULE.broken_lines("ipc/src/a.rs", text).is_empty());
        assert!(RULE.broken_lines("ipc/macros/src/a.rs", text).is_empty());
    }

    #[test]
    fn tests_inside_a_safe_file_opt_in_for_themselves() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{OPT_IN}{UNSAFE}\n}}");
        assert!(RULE.broken_lines("ipc/src/a.rs", &tests).is_empty());
        assert_eq!(RULE.broken_lines("ipc/src/a.rs", &format!("{UNSAFE}\n{tests}")), [1]);
    }

    #[test]
    fn a_name_that_is_the_lints_is_no_opt_in() {
        assert!(
            RULE.broken_lines("pool/src/a.rs", "mod unsafe_code; use b::{a, unsafe_code};")
                .is_empty()
        );
    }

    #[test]
    fn unsafe_code_without_the_opt_in_is_told() {
        for text in [UNSAFE, "unsafe impl A for B {}", "#[unsafe(no_mangle)] fn a() {}"] {
            assert_eq!(RULE.broken_lines("ipc/src/a.rs", text), [1], "{text}");
            assert_eq!(RULE.broken_lines("ipc/tests/a.rs", text), [1], "{text}");
        }
    }

    #[test]
    fn an_opt_in_of_another_kind_or_place_is_told() {
        let allow = format!("#![allow(unsafe_code, reason = \"why\")]\n{UNSAFE}");
        assert_eq!(RULE.broken_lines("ipc/src/a.rs", &allow), [1]);
        let lower = format!("#[expect(unsafe_code, reason = \"why\")]\n{UNSAFE}");
        assert_eq!(RULE.broken_lines("ipc/src/a.rs", &lower), [1, 2]);
        let above = format!("{OPT_IN}mod b;\n{UNSAFE}");
        assert_eq!(RULE.broken_lines("ipc/src/a.rs", &above), [1]);
        let tests_below = format!("{OPT_IN}#[cfg(test)]\nmod tests;\n{UNSAFE}");
        assert!(RULE.broken_lines("ipc/src/a.rs", &tests_below).is_empty());
    }

    #[test]
    fn some_places_have_none_at_all() {
        let text = format!("{OPT_IN}{UNSAFE}");
        for path in [
            "pool/src/a.rs",
            "pool/tests/a.rs",
            "ipc/macros/src/a.rs",
            "xtask/src/a.rs",
            "bench-suite/src/a.rs",
        ] {
            assert_eq!(RULE.broken_lines(path, &text), [1, 2], "{path}");
        }
        for path in ["bench-suite/src/machine/sys/a.rs", "xtask/src/death/sys/a.rs"] {
            assert!(RULE.broken_lines(path, &text).is_empty(), "{path}");
        }
    }
}
