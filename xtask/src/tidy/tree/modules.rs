//! Which files the compiler reads, and which of them for tests only.

use super::{
    place::{folder, inner, join, stem},
    test_code::marks_test,
};
use std::collections::BTreeMap;
use syn::{Attribute, Item, Meta, Token, punctuated::Punctuated};

/// Follows every `mod` from `roots`. The answer has each file that is reached, and whether it is
/// reached for tests only.
pub(crate) fn reach(
    files: &BTreeMap<&str, &syn::File>,
    roots: &[String],
) -> BTreeMap<String, bool> {
    let mut reached: BTreeMap<String, bool> = BTreeMap::new();
    let mut open: Vec<(String, bool, bool)> =
        roots.iter().map(|root| (root.clone(), true, false)).collect();
    while let Some((path, is_root, test)) = open.pop() {
        let Some(file) = files.get(&*path) else { continue };
        if reached.get(&path).is_some_and(|known_test| test || !known_test) {
            continue;
        }
        reached.insert(path.clone(), test);
        for child in children(file, &path, is_root) {
            let existing = child.candidates.iter().filter(|file| files.contains_key(&***file));
            open.extend(existing.map(|file| (file.clone(), false, test || child.test)));
        }
    }
    reached
}

/// The files that the targets of the crate in `krate` start from, of all `paths`.
pub(crate) fn roots<'a>(
    krate: &str,
    targets: impl Iterator<Item = &'a str>,
    paths: impl Iterator<Item = &'a str>,
) -> Vec<String> {
    let named = targets.map(|path| join(krate, path));
    let found = paths.filter(|path| inner(path, krate).is_some_and(is_root)).map(str::to_owned);
    named.chain(found).collect()
}

/// Whether Cargo takes the file at `path` of a crate as the root of a target, unasked.
fn is_root(path: &str) -> bool {
    match *path.split('/').collect::<Vec<_>>() {
        ["build.rs"] | ["src", "lib.rs" | "main.rs"] => true,
        ["src", "bin", file] | ["tests" | "benches" | "examples", file] => file.ends_with(".rs"),
        ["src", "bin", _, file] | ["tests" | "benches" | "examples", _, file] => file == "main.rs",
        _ => false,
    }
}

struct Child {
    candidates: Vec<String>,
    test: bool,
}

fn children(file: &syn::File, path: &str, is_root: bool) -> Vec<Child> {
    let owns_folder = is_root || stem(path) == "mod";
    let home = if owns_folder { folder(path).to_owned() } else { join(folder(path), stem(path)) };
    let mut found = Vec::new();
    let test = file.attrs.iter().any(|attribute| marks_test(&attribute.meta));
    collect(&file.items, &home, folder(path), test, &mut found);
    found
}

/// `home` is where `mod x;` looks for `x`, `beside` what a `#[path]` is relative to.
fn collect(items: &[Item], home: &str, beside: &str, test: bool, found: &mut Vec<Child>) {
    for item in items {
        let Item::Mod(module) = item else { continue };
        let test = test || module.attrs.iter().any(|attribute| marks_test(&attribute.meta));
        let name = module.ident.to_string();
        let name = name.trim_start_matches("r#");
        match &module.content {
            Some((_, items)) => {
                let inside = join(home, name);
                collect(items, &inside, &inside, test, found);
            }
            None => {
                let mut candidates: Vec<String> =
                    paths(&module.attrs).iter().map(|path| join(beside, path)).collect();
                if !module.attrs.iter().any(|attribute| attribute.path().is_ident("path")) {
                    candidates.push(join(home, &format!("{name}.rs")));
                    candidates.push(join(home, &format!("{name}/mod.rs")));
                }
                found.push(Child { candidates, test });
            }
        }
    }
}

/// The values of `#[path = "…"]`, also within `#[cfg_attr(…)]`.
fn paths(attributes: &[Attribute]) -> Vec<String> {
    let mut found = Vec::new();
    for attribute in attributes {
        add_path(&attribute.meta, &mut found);
        if let Meta::List(list) = &attribute.meta
            && list.path.is_ident("cfg_attr")
            && let Ok(parts) = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
        {
            parts.iter().skip(1).for_each(|part| add_path(part, &mut found));
        }
    }
    found
}

fn add_path(meta: &Meta, found: &mut Vec<String>) {
    if let Meta::NameValue(pair) = meta
        && pair.path.is_ident("path")
        && let syn::Expr::Lit(value) = &pair.value
        && let syn::Lit::Str(path) = &value.lit
    {
        found.push(path.value());
    }
}

#[cfg(test)]
mod tests {
    use super::{reach, roots};
    use std::collections::BTreeMap;

    fn reached(files: &[(&str, &str)]) -> Vec<(String, bool)> {
        let parsed: Vec<_> =
            files.iter().map(|(path, text)| (*path, syn::parse_file(text).unwrap())).collect();
        let parsed: BTreeMap<&str, &syn::File> = parsed.iter().map(|(p, f)| (*p, f)).collect();
        let roots = roots("a", std::iter::empty(), parsed.keys().copied());
        reach(&parsed, &roots).into_iter().collect()
    }

    fn files(names: &[(&str, bool)]) -> Vec<(String, bool)> {
        names.iter().map(|(name, test)| ((*name).to_owned(), *test)).collect()
    }

    #[test]
    fn modules_are_found_as_the_compiler_finds_them() {
        let found = reached(&[
            ("a/src/lib.rs", "mod b; mod c; mod inline { mod d; }"),
            ("a/src/b.rs", "mod e;"),
            ("a/src/b/e.rs", ""),
            ("a/src/c/mod.rs", "#[path = \"odd.rs\"] mod f;"),
            ("a/src/c/odd.rs", ""),
            ("a/src/inline/d.rs", ""),
            ("a/src/e.rs", ""),
            ("a/tests/t.rs", "mod helper;"),
            ("a/tests/helper/mod.rs", ""),
        ]);
        let expected = [
            ("a/src/b.rs", false),
            ("a/src/b/e.rs", false),
            ("a/src/c/mod.rs", false),
            ("a/src/c/odd.rs", false),
            ("a/src/inline/d.rs", false),
            ("a/src/lib.rs", false),
            ("a/tests/helper/mod.rs", false),
            ("a/tests/t.rs", false),
        ];
        assert_eq!(found, files(&expected));
    }

    #[test]
    fn a_file_is_test_only_when_every_way_to_it_is() {
        let found = reached(&[
            ("a/src/lib.rs", "#[cfg(test)] mod b; mod c;"),
            ("a/src/b.rs", "mod d; #[path = \"e.rs\"] mod e;"),
            ("a/src/b/d.rs", ""),
            ("a/src/c.rs", "#[path = \"e.rs\"] mod e;"),
            ("a/src/e.rs", ""),
        ]);
        let expected = [
            ("a/src/b.rs", true),
            ("a/src/b/d.rs", true),
            ("a/src/c.rs", false),
            ("a/src/e.rs", false),
            ("a/src/lib.rs", false),
        ];
        assert_eq!(found, files(&expected));
    }
}
