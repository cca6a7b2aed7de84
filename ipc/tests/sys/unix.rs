use std::time::Duration;

macro_rules! not_in_wine {
    ($why:literal; $($test:item)*) => { $($test)* };
}

pub(crate) use not_in_wine;

#[cfg(target_os = "linux")]
pub(crate) const SOCKETS_ARE_TCP: bool = false;
#[cfg(target_os = "macos")]
pub(crate) const SOCKETS_ARE_TCP: bool = true;
pub(crate) const SLOW_START: Duration = Duration::from_millis(200);
