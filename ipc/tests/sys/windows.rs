use std::time::Duration;

use super::Connect;

macro_rules! not_in_wine {
    ($why:literal; $($test:item)*) => { $(#[ignore = $why] $test)* };
}

pub(crate) use not_in_wine;

/// They are ports of the machine, and TCP learns of a close by its answer to what came after that.
pub(crate) const SOCKETS_TELL_AT_ONCE: bool = false;
/// A start takes a tenth of a second and more.
pub(crate) const SLOW_START: Duration = Duration::from_secs(2);
/// Nothing is in the file system.
pub(crate) const CONNECT: Option<Connect> = None;
