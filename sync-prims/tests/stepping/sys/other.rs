//! Other machines have breakpoints as well, but here children are led to any place step by step.

/// What is not remembered need not be kept.
pub fn keep_addresses() {}

/// It is not remembered where a child has been.
pub fn program_counter(_: libc::pid_t) -> Option<u64> {
    None
}

/// There is none.
#[derive(Debug)]
pub struct Breakpoint;

impl Breakpoint {
    pub fn set(_: libc::pid_t, _: u64) -> Self {
        unreachable!("no place is known to set it at")
    }

    pub fn clear(self) {}
}
