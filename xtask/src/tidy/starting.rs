//! Only `proc-spawn` starts processes.

use super::{
    Rule, Tree, Violation, only_in,
    tree::{RustFile, Token},
};

pub(super) const RULE: Rule = Rule {
    name: "starting",
    reason: "every process has one parent in the code: only proc-spawn starts processes",
    check,
};

const CALLS: [&str; 12] = [
    "posix_spawn",
    "posix_spawnp",
    "vfork",
    "clone3",
    "SYS_clone",
    "SYS_clone3",
    "SYS_fork",
    "execv",
    "execve",
    "execvp",
    "fexecve",
    "CreateProcessW",
];

fn check(tree: &Tree) -> Vec<Violation> {
    only_in::product_code(
        tree,
        |file| {
            matches!(&*file.krate, "proc-spawn" | "bench-suite" | "bench-suite/iceoryx2" | "xtask")
        },
        starts,
        "starts a process, which is for proc-spawn alone",
    )
}

fn starts(file: &RustFile, index: usize, token: &Token) -> bool {
    let code = &file.code;
    match &*token.text {
        "fork" => {
            let of_libc = code.reads_before(index, &["libc", "::"]);
            let method = code.reads_before(index, &["."]) || code.reads_before(index, &["fn"]);
            of_libc || (code.reads(index + 1, &["("]) && !method)
        }
        "Command" => {
            code.reads(index + 1, &["::", "new"]) || code.reads_before(index, &["process", "::"])
        }
        word => CALLS.contains(&word),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;

    const TEXT: &str = "fn a() { unsafe { libc::fork() }; }\nfn b() { Command::new(\"x\"); }\n\
        use libc::posix_spawn;\nuse std::process::Command;";

    #[test]
    fn proc_spawn_the_tools_and_tests_may_start() {
        for path in
            ["proc-spawn/src/a.rs", "pool/tests/a.rs", "ipc/examples/a.rs", "xtask/src/a.rs"]
        {
            assert!(RULE.broken_lines(path, TEXT).is_empty(), "{path}");
        }
        let test = format!("#[cfg(test)]\nmod tests {{\n{TEXT}\n}}");
        assert!(RULE.broken_lines("ipc/src/a.rs", &test).is_empty());
        let other = "fn a(x: X) { x.fork(); }\nfn fork() {}\nstruct Command;";
        assert!(RULE.broken_lines("ipc/src/a.rs", other).is_empty());
    }

    #[test]
    fn the_product_code_of_others_may_not() {
        assert_eq!(RULE.broken_lines("ipc/src/a.rs", TEXT), [1, 2, 3, 4]);
        assert_eq!(RULE.broken_lines("pool/src/a.rs", TEXT), [1, 2, 3, 4]);
    }
}
