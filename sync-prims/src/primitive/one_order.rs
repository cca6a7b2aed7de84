//! Sequentially consistent accesses in a model: loom has such fences, but takes an access for one that acquires
//! and releases.

use std::sync::OnceLock;

use loom::sync::atomic::{Ordering, fence};

/// An access that is sequentially consistent if `order` is. A processor that has none is told a fence with
/// each: before all of them, or behind all of them, if `LOOM_FENCES` is `behind`. Between two that must keep their
/// order there is one either way; if the second one is weakened there is none before it, and none behind the first if that
/// is.
pub(crate) fn in_one_order<T>(order: Ordering, access: impl FnOnce() -> T) -> T {
    static BEHIND: OnceLock<bool> = OnceLock::new();
    let is_behind = || std::env::var_os("LOOM_FENCES").is_some_and(|fences| fences == "behind");
    let behind = *BEHIND.get_or_init(is_behind);
    // SeqCst: in place of what the access promises.
    let fence = |is_here: bool| (is_here && order == Ordering::SeqCst).then(|| fence(order));
    fence(!behind);
    let outcome = access();
    fence(behind);
    outcome
}
