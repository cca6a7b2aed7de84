//! Making sockets, and what streams need besides.
#![expect(unsafe_code, reason = "socket is a foreign function")]

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

use super::names::random;
use crate::sys::stream::Socket;
use crate::sys::unix::stream::checked;

/// How to send without waiting and without a signal.
pub(in crate::sys) const SEND: libc::c_int = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;

/// How to receive without waiting; a descriptor that comes is close-on-exec.
pub(in crate::sys) const RECEIVE: libc::c_int = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;

/// A descriptor that came. It is all it has to be.
pub(in crate::sys) fn received(descriptor: OwnedFd) -> io::Result<OwnedFd> {
    Ok(descriptor)
}

/// How a TCP connection finds out that the other machine is gone: half a minute.
pub(in crate::sys) const TCP: [(libc::c_int, libc::c_int, libc::c_int); 2] = [
    (libc::IPPROTO_TCP, libc::TCP_KEEPIDLE, 15),
    (libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT, 30_000),
];

/// A new Unix socket, close-on-exec.
pub(in crate::sys) fn open(kind: libc::c_int) -> io::Result<OwnedFd> {
    // SAFETY: takes three integers and touches no memory of ours.
    let fd = unsafe { libc::socket(libc::AF_UNIX, kind | libc::SOCK_CLOEXEC, 0) };
    checked(fd as isize)?;
    // SAFETY: the kernel just gave us this descriptor and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// What each connection needs before it is used. Here a call says by itself not to wait.
pub(in crate::sys) fn prepare(socket: OwnedFd) -> io::Result<Socket> {
    Ok(socket)
}

/// Listens under a name that is in no file system.
pub(in crate::sys) type Unnamed = UnixListener;

pub(in crate::sys) fn listen_unnamed() -> io::Result<(Unnamed, Vec<u8>)> {
    let name = format!("tandem-{:032x}", random()?).into_bytes();
    let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
    Ok((listener, name))
}

pub(in crate::sys) fn accept_unnamed(listener: &Unnamed) -> io::Result<Socket> {
    listener.accept().map(|(stream, _)| Socket::from(stream))
}

pub(in crate::sys) fn connect_unnamed(name: &[u8]) -> io::Result<Socket> {
    UnixStream::connect_addr(&SocketAddr::from_abstract_name(name)?).map(Socket::from)
}
