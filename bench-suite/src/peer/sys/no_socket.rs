//! What there is where programs get no Unix socket from std.

use crate::measure::{Missing, Outcome, Rounds, Task};
use crate::way::{Ask, Carry};

fn missing<T>() -> Outcome<T> {
    Err(Missing("std has no Unix sockets here".to_owned()).into())
}

/// Nobody can be asked through one.
///
/// # Errors
///
/// Always.
pub fn ask() -> Outcome<Ask> {
    missing()
}

/// Nothing can be sent through one.
///
/// # Errors
///
/// Always.
pub fn carry(_size: usize) -> Outcome<Carry> {
    missing()
}

/// The same, of items.
pub(crate) fn make(_: &Task) -> Outcome<Rounds> {
    missing()
}

/// Is never started.
pub(crate) fn produce(_arguments: &[String]) -> Outcome<()> {
    missing()
}

/// The same, also both ways.
pub(crate) fn pair(_: &Task) -> Outcome<Rounds> {
    missing()
}

/// The same, of a large array.
pub(crate) fn large(_: &Task) -> Outcome<Rounds> {
    missing()
}

/// There is no other end that could die.
pub(crate) fn last_sender(_: &Task) -> Outcome<Rounds> {
    missing()
}
