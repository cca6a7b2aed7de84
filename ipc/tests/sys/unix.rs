use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::{Connect, Stream};

macro_rules! not_in_wine {
    ($why:literal; $($test:item)*) => { $($test)* };
}

pub(crate) use not_in_wine;

#[cfg(target_os = "linux")]
pub(crate) const SOCKETS_ARE_TCP: bool = false;
#[cfg(target_os = "macos")]
pub(crate) const SOCKETS_ARE_TCP: bool = true;
pub(crate) const SLOW_START: Duration = Duration::from_millis(200);
pub(crate) const CONNECT: Option<Connect> = Some(|path| Ok(Box::new(UnixStream::connect(path)?)));

impl Stream for UnixStream {
    fn say_no_more(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}
