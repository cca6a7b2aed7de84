//! Only `ipc` maps memory or names ipc-channel.

use super::{
    Rule, Tree, Violation, only_in,
    tree::{RustFile, Section, Token},
};

pub(super) const RULE: Rule = Rule {
    name: "mapping",
    reason: "every mapping has one owner: only ipc maps memory or names ipc-channel",
    check,
};

const WORDS: [&str; 10] = [
    "memmap2",
    "mmap",
    "mmap64",
    "mremap",
    "memfd_create",
    "SYS_memfd_create",
    "shm_open",
    "CreateFileMappingW",
    "MapViewOfFile",
    "ipc_channel",
];
const PACKAGES: [&str; 2] = ["memmap2", "ipc-channel"];
const MESSAGE: &str = "is for ipc alone: take a Shared, an Owned or a SharedMemory";

fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = only_in::everywhere(tree, may_map, maps, MESSAGE);
    for manifest in &tree.manifests {
        let package = manifest.package().unwrap_or_default();
        for dependency in manifest.dependencies() {
            let for_tests = package == "sync-prims" && dependency.section == Section::Dev;
            let allowed = matches!(package, "ipc" | "bench-suite") || for_tests;
            if !allowed && PACKAGES.contains(&&*dependency.package) {
                let message = format!("{} is for ipc alone", dependency.package);
                found.push(Violation::new(&manifest.path, dependency.line, message));
            }
        }
    }
    found
}

fn may_map(file: &RustFile) -> bool {
    let folders = ["ipc", "bench-suite/src/peer", "bench-suite/benches"];
    folders.iter().any(|folder| file.is_in(folder))
}

fn maps(file: &RustFile, index: usize, token: &Token) -> bool {
    // The primitives have no memory of their own, so their tests map some.
    let test_of_primitives = file.krate == "sync-prims" && file.is_test(index);
    WORDS.contains(&&*token.text) && !test_of_primitives
}

#[cfg(test)]
mod tests {
    use super::RULE;

    const TEXT: &str = "use memmap2::MmapMut;\nfn a() { libc::mmap(); }\nuse ipc_channel::ipc;";

    #[test]
    fn ipc_the_peers_and_tests_of_the_primitives_may_map() {
        for path in
            ["ipc/src/a.rs", "ipc/tests/a.rs", "bench-suite/src/peer/a.rs", "sync-prims/tests/a.rs"]
        {
            assert!(RULE.broken_lines(path, TEXT).is_empty(), "{path}");
        }
        let test = "#[cfg(test)]\nmod tests {\n  use memmap2::MmapMut;\n}";
        assert!(RULE.broken_lines("sync-prims/src/a.rs", test).is_empty());
    }

    #[test]
    fn nobody_else_may() {
        for path in ["sync-prims/src/a.rs", "pool/tests/a.rs", "bench-suite/src/a.rs"] {
            assert_eq!(RULE.broken_lines(path, TEXT), [1, 2, 3], "{path}");
        }
    }

    #[test]
    fn nor_may_their_manifests() {
        let manifest = |name: &str, section: &str| {
            format!("[package]\nname = \"{name}\"\n[{section}]\nmemmap2.workspace = true")
        };
        let broken = |name: &str, section: &str| {
            !RULE.broken_at(&[("x/Cargo.toml", &manifest(name, section))]).is_empty()
        };
        assert!(broken("pool", "dependencies"));
        assert!(broken("sync-prims", "dependencies"));
        assert!(!broken("sync-prims", "dev-dependencies"));
        assert!(!broken("ipc", "dependencies"));
    }
}
