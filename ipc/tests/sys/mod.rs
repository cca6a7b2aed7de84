//! What differs between systems, as the tests see it.
//!
//! | name | contract |
//! |---|---|
//! | `not_in_wine` | a macro: a reason, and tests of what wine has not; they are ignored where wine may run them |
//! | `SOCKETS_ARE_TCP` | whether `Transport::Socket` is a port of the machine |
//! | `SLOW_START` | for how long nobody may get on while those who were killed are replaced |
//! | `CONNECT` | connects without a handshake to who listens at a path, if that is a socket there |
#![allow(dead_code, unused_imports, unused_macros, reason = "no suite needs all of it")]

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;

#[cfg(unix)]
pub(crate) use unix::{CONNECT, SLOW_START, SOCKETS_ARE_TCP, not_in_wine};
#[cfg(windows)]
pub(crate) use windows::{CONNECT, SLOW_START, SOCKETS_ARE_TCP, not_in_wine};

pub(crate) type Connect = fn(&Path) -> io::Result<Box<dyn Stream>>;

pub(crate) trait Stream: Read + Write + Send {
    fn say_no_more(&self) -> io::Result<()>;
}

impl Stream for TcpStream {
    fn say_no_more(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}
