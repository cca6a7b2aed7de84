//! The crates stand in a line, and each uses only what stands to its left.

use super::{
    Rule, Tree, Violation,
    tree::{Area, Dependency, Manifest, RustFile, Section},
};

pub(super) const RULE: Rule = Rule {
    name: "arrows",
    reason: "each crate uses only those to its left: sync-prims, ipc, proc-spawn, pool, bench-suite",
    check,
};

const LINE: [&str; 5] = ["sync-prims", "ipc", "proc-spawn", "pool", "bench-suite"];
/// What only programs use: `pool-nats`, lest its libraries reach those who did not ask for them.
const ENDS: [&str; 2] = ["pool-nats", "xtask"];
const MACROS: &str = "-macros";

fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for manifest in &tree.manifests {
        let Some(package) = manifest.package() else { continue };
        for dependency in manifest.dependencies() {
            if let Some(message) = against_the_line(tree, package, &dependency) {
                found.push(Violation::new(&manifest.path, dependency.line, message));
            }
        }
        if let Some(place) = LINE.iter().position(|name| *name == package) {
            let sources = tree.rust.iter().filter(|file| file.krate == manifest.folder);
            let sources = sources.filter(|file| file.area == Area::Src);
            found.extend(sources.flat_map(|file| named_in_src(file, &LINE[place + 1..])));
        }
    }
    found
}

fn against_the_line(tree: &Tree, package: &str, dependency: &Dependency) -> Option<String> {
    let used = &*dependency.package;
    let owner = |name: &str| {
        let owner = name.strip_suffix(MACROS)?;
        LINE.iter().position(|known| *known == owner)
    };
    let used_place = LINE.iter().position(|name| *name == used);
    if used_place.or(owner(used)).is_none() {
        return ENDS.contains(&used).then(|| format!("nothing depends on {used}"));
    }
    if package == "xtask" {
        return Some(format!("xtask depends on none of the crates it checks, but uses {used}"));
    }
    if dependency.section == Section::Dev && used_place.is_some() {
        return (!without_version(tree, dependency)).then(|| {
            format!("a dev-dependency on {used} has a path and no version, or it cannot be cut")
        });
    }
    if let Some(owner) = owner(used) {
        let right = LINE.get(owner) == Some(&package);
        return (!right).then(|| format!("{used} is for {} alone", LINE[owner]));
    }
    // A crate outside the line stands at its end; a crate's macros stand before all of it.
    let place = LINE.iter().position(|name| *name == package);
    let place = place.unwrap_or(if owner(package).is_some() { 0 } else { LINE.len() });
    let left = used_place.is_some_and(|used| used < place);
    (!left).then(|| format!("{package} may not use {used}, which does not stand to its left"))
}

fn without_version(tree: &Tree, dependency: &Dependency) -> bool {
    if !dependency.from_workspace {
        return dependency.path && !dependency.version;
    }
    let entry = tree
        .root_manifest()
        .and_then(|root: &Manifest| root.workspace_dependency(&dependency.package));
    entry.is_some_and(|entry| entry.get("path").is_some() && entry.get("version").is_none())
}

/// Names of crates further right in `src/`, where a dev-dependency would be a second, other copy
/// of this very crate.
fn named_in_src(file: &RustFile, further_right: &[&str]) -> Vec<Violation> {
    let names: Vec<String> = further_right.iter().map(|name| name.replace('-', "_")).collect();
    let mut found = Vec::new();
    for (index, word) in file.code.words() {
        let starts_path = file.code.reads(index + 1, &["::"]) && !continues_path(file, index);
        let imported = file.code.reads_before(index, &["use"])
            || file.code.reads_before(index, &["extern", "crate"]);
        if (starts_path || imported) && names.iter().any(|name| name == word) {
            let message = format!("src/ may not use {word}, not even for tests: use tests/");
            found.push(Violation::new(&file.path, file.code.tokens[index].line, message));
        }
    }
    found
}

/// Whether the word at `index` comes after `something::`.
fn continues_path(file: &RustFile, index: usize) -> bool {
    let keywords = ["use", "in", "as", "dyn", "impl", "mut", "return", "match", "if", "else"];
    let before = index.checked_sub(2).map(|before| &*file.code.tokens[before].text);
    let named = before.is_some_and(|text| {
        text.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '>')
            && !keywords.contains(&text)
    });
    file.code.reads_before(index, &["::"]) && named
}

#[cfg(test)]
mod tests {
    use super::RULE;

    const ROOT: &str = "[workspace.dependencies]\nipc = { path = \"ipc\" }\n\
        sync-prims = { path = \"sync-prims\" }\npool = { path = \"pool\", version = \"1\" }";

    fn broken(package: &str, dependencies: &str) -> bool {
        let manifest = format!("[package]\nname = \"{package}\"\n{dependencies}");
        let path = format!("{package}/Cargo.toml");
        !RULE.broken_at(&[("Cargo.toml", ROOT), (&path, &manifest)]).is_empty()
    }

    #[test]
    fn arrows_that_go_left_pass() {
        assert!(!broken("ipc", "[dependencies]\nsync-prims.workspace = true\nlibc = \"1\""));
        assert!(!broken("bench-suite", "[dependencies]\npool.workspace = true"));
        assert!(!broken("ipc", "[dependencies]\nipc-macros.workspace = true"));
        assert!(!broken("other", "[dependencies]\nbench-suite.workspace = true"));
    }

    #[test]
    fn arrows_that_go_right_are_told() {
        assert!(broken("sync-prims", "[dependencies]\nipc.workspace = true"));
        assert!(broken("ipc", "[target.'cfg(unix)'.dependencies]\nx = { package = \"pool\" }"));
        assert!(broken("ipc", "[build-dependencies]\nproc-spawn.workspace = true"));
        assert!(broken("ipc", "[dependencies]\nxtask = { path = \"../xtask\" }"));
        assert!(broken("bench-suite", "[dependencies]\npool-nats.workspace = true"));
        assert!(!broken("pool-nats", "[dependencies]\npool.workspace = true"));
    }

    #[test]
    fn macros_serve_their_own_crate_and_use_none() {
        assert!(broken("pool", "[dependencies]\nipc-macros.workspace = true"));
        assert!(broken("ipc-macros", "[dependencies]\nsync-prims.workspace = true"));
    }

    #[test]
    fn xtask_uses_none_of_them_in_any_section() {
        assert!(broken("xtask", "[dev-dependencies]\nsync-prims.workspace = true"));
        assert!(!broken("xtask", "[dependencies]\nclap.workspace = true"));
    }

    #[test]
    fn tests_may_look_right_by_a_path_without_version() {
        assert!(!broken("sync-prims", "[dev-dependencies]\nipc.workspace = true"));
        assert!(!broken("sync-prims", "[dev-dependencies]\nipc = { path = \"../ipc\" }"));
        assert!(broken(
            "sync-prims",
            "[dev-dependencies]\nipc = { path = \"../ipc\", version = \"1\" }"
        ));
        assert!(broken("sync-prims", "[dev-dependencies]\npool.workspace = true"));
    }

    #[test]
    fn sources_may_not_look_right_even_for_tests() {
        let broken = RULE.broken_lines(
            "ipc/src/lib.rs",
            "use a::b;\n#[cfg(test)] mod t { use proc_spawn::Process;\n use ::pool::x; }\nuse pool;",
        );
        assert_eq!(broken, [2, 3, 4]);
        let fine = "//! [pool::x]\nuse sync_prims::a; use crate::pool::b; fn f(pool: u8) {}";
        assert!(RULE.broken_lines("ipc/src/lib.rs", fine).is_empty());
        assert!(RULE.broken_lines("ipc/tests/a.rs", "use proc_spawn::Process;").is_empty());
    }
}
