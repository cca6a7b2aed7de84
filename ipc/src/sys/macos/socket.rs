//! Making sockets, and what streams need besides.
#![expect(unsafe_code, reason = "socket and fcntl are foreign functions")]

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use crate::sys::stream::{self, Socket};
use crate::sys::unix::stream::{checked, set_option};

/// How to send. What keeps it from waiting and from a signal is the socket's: `sosend` heeds no
/// `MSG_DONTWAIT`, and there is no `MSG_NOSIGNAL`.
pub(in crate::sys) const SEND: libc::c_int = 0;

/// How to receive without waiting.
pub(in crate::sys) const RECEIVE: libc::c_int = libc::MSG_DONTWAIT;

/// A descriptor that is new here. It is close-on-exec only from here on: see `PLATFORM.md`.
pub(in crate::sys) fn received(descriptor: OwnedFd) -> io::Result<OwnedFd> {
    // SAFETY: takes integers and touches no memory of ours.
    let set = unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) };
    checked(set as isize)?;
    Ok(descriptor)
}

/// How a TCP connection finds out that the other machine is gone: half a minute. What waits to be
/// confirmed is bounded by `TCP_RXT_CONNDROPTIME`, in seconds.
pub(in crate::sys) const TCP: [(libc::c_int, libc::c_int, libc::c_int); 2] =
    [(libc::IPPROTO_TCP, libc::TCP_KEEPALIVE, 15), (libc::IPPROTO_TCP, TCP_RXT_CONNDROPTIME, 30)];

/// Of `netinet/tcp.h`.
const TCP_RXT_CONNDROPTIME: libc::c_int = 0x80;

/// A new Unix socket.
pub(in crate::sys) fn open(kind: libc::c_int) -> io::Result<OwnedFd> {
    // SAFETY: takes three integers and touches no memory of ours.
    let fd = unsafe { libc::socket(libc::AF_UNIX, kind, 0) };
    checked(fd as isize)?;
    // SAFETY: the kernel just gave us this descriptor and nobody else knows it.
    let socket = received(unsafe { OwnedFd::from_raw_fd(fd) })?;
    set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_NOSIGPIPE, 1)?;
    Ok(socket)
}

/// What each connection needs before it is used.
pub(in crate::sys) fn prepare(socket: OwnedFd) -> io::Result<Socket> {
    match set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_NOSIGPIPE, 1) {
        // It has ended already. It has the option from who made it: the standard library sets it, a listener hands it on.
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {}
        set => set?,
    }
    // Says so of any descriptor.
    let stream = UnixStream::from(socket);
    stream.set_nonblocking(true)?;
    Ok(stream.into())
}

/// Listens at a port of this machine, for there are no names outside of the file system. Others can find it; who may
/// come is for the handshake to tell.
pub(in crate::sys) type Unnamed = TcpListener;

pub(in crate::sys) fn listen_unnamed() -> io::Result<(Unnamed, Vec<u8>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    Ok((listener, port.to_le_bytes().to_vec()))
}

pub(in crate::sys) fn accept_unnamed(listener: &Unnamed) -> io::Result<Socket> {
    listener.accept().and_then(|(connection, _)| stream::tcp(connection))
}

pub(in crate::sys) fn connect_unnamed(name: &[u8]) -> io::Result<Socket> {
    let port = name.try_into().map(u16::from_le_bytes).map_err(io::Error::other)?;
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).and_then(stream::tcp)
}
