use std::time::Duration;

macro_rules! not_in_wine {
    ($why:literal; $($test:item)*) => { $(#[ignore = $why] $test)* };
}

pub(crate) use not_in_wine;

pub(crate) const SOCKETS_ARE_TCP: bool = true;
/// A start takes a tenth of a second and more.
pub(crate) const SLOW_START: Duration = Duration::from_secs(2);
