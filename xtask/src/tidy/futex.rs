//! Only `sync-prims/src/futex` waits in the kernel by address.

use super::{Rule, Tree, Violation, only_in};

pub(super) const RULE: Rule = Rule {
    name: "futex",
    reason: "how to wait is decided in one place: only sync-prims/src/futex calls the futex",
    check,
};

/// Its names on the other systems.
const ELSEWHERE: [&str; 6] = [
    "WaitOnAddress",
    "WakeByAddressSingle",
    "WakeByAddressAll",
    "__ulock_wait",
    "__ulock_wake",
    "os_sync_wait_on_address",
];

fn check(tree: &Tree) -> Vec<Violation> {
    only_in::everywhere(
        tree,
        |file| file.is_in("sync-prims/src/futex") || file.is_in("bench-suite/src/peer/sys"),
        |_, _, token| {
            let text = &*token.text;
            text.starts_with("SYS_futex") || text.starts_with("FUTEX_") || ELSEWHERE.contains(&text)
        },
        "is for sync-prims/src/futex alone",
    )
}

#[cfg(test)]
mod tests {
    use super::RULE;

    #[test]
    fn the_futex_folder_and_the_peers_may_call_it() {
        let text = "fn a() { syscall(libc::SYS_futex, libc::FUTEX_WAIT) }";
        assert!(RULE.broken_lines("sync-prims/src/futex/linux.rs", text).is_empty());
        assert!(RULE.broken_lines("bench-suite/src/peer/sys/futex.rs", text).is_empty());
        assert!(RULE.broken_lines("ipc/src/a.rs", "// FUTEX_WAIT\n").is_empty());
    }

    #[test]
    fn nobody_else_may_not_even_a_test() {
        let text = "use libc::FUTEX_WAIT;\nfn a() { syscall(SYS_futex_waitv) }\nfn b() { WaitOnAddress() }";
        assert_eq!(RULE.broken_lines("sync-prims/src/raw/lock.rs", text), [1, 2, 3]);
        assert_eq!(RULE.broken_lines("ipc/tests/a.rs", text), [1, 2, 3]);
    }
}
