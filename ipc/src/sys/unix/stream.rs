//! Connected stream sockets, Unix and TCP.
#![expect(unsafe_code, reason = "socket calls are foreign functions")]

use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use super::descriptor::Descriptor;
use super::names::random;
use super::socket_file::{self, SocketFile};

/// A connected stream, as one of its two ends has it.
pub(crate) type Socket = OwnedFd;

fn checked(result: isize) -> io::Result<usize> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result as usize) }
}

/// Sends as much as there is room for now; none is `WouldBlock`.
pub(crate) fn send(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: the kernel reads at most the length of the slice.
    checked(unsafe { libc::send(socket.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), flags) })
}

/// Receives what is there now; nothing is `WouldBlock`, zero bytes are the end.
pub(crate) fn recv(socket: &Socket, into: &mut [u8]) -> io::Result<usize> {
    let flags = libc::MSG_DONTWAIT;
    // SAFETY: the kernel writes at most the length of the slice.
    checked(unsafe { libc::recv(socket.as_raw_fd(), into.as_mut_ptr().cast(), into.len(), flags) })
}

/// Nothing more will be sent, or received, by any descriptor of the socket.
pub(crate) fn shutdown(socket: &Socket, how: Shutdown) {
    let how = match how {
        Shutdown::Read => libc::SHUT_RD,
        Shutdown::Write => libc::SHUT_WR,
        Shutdown::Both => libc::SHUT_RDWR,
    };
    // SAFETY: takes two integers and touches no memory of ours. Fails when the other end is gone.
    unsafe { libc::shutdown(socket.as_raw_fd(), how) };
}

/// Connects to the socket at `path`. Waits at most `timeout` while its backlog is full: `WouldBlock`,
/// at once if `timeout` is zero.
pub(crate) fn connect_unix(path: &Path, timeout: Duration) -> io::Result<Socket> {
    let path = path.as_os_str().as_bytes();
    // SAFETY: an all-zero sockaddr_un is a valid one.
    let mut address: libc::sockaddr_un = unsafe { std::mem::zeroed() };
    // The last byte stays zero.
    if path.is_empty() || path.contains(&0) || path.len() >= address.sun_path.len() {
        let why = "a socket's path has 1 to 107 bytes, none of them zero";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    address.sun_family = libc::AF_UNIX as libc::sa_family_t;
    for (to, from) in address.sun_path.iter_mut().zip(path) {
        *to = *from as libc::c_char;
    }
    let nonblocking = if timeout.is_zero() { libc::SOCK_NONBLOCK } else { 0 };
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | nonblocking;
    // SAFETY: takes three integers and touches no memory of ours.
    let fd = checked(unsafe { libc::socket(libc::AF_UNIX, kind, 0) } as isize)?;
    // SAFETY: the kernel just gave us this descriptor and nobody else knows it.
    let socket = unsafe { OwnedFd::from_raw_fd(fd as i32) };
    if !timeout.is_zero() {
        // Bounds the connect. A time of zero would mean for ever.
        let limit = libc::timeval {
            tv_sec: timeout.as_secs().min(i32::MAX as u64) as _,
            tv_usec: timeout.subsec_micros().max(1).into(),
        };
        // SAFETY: the kernel reads the structure behind the pointer, of the size that is given.
        let set = unsafe {
            let value = (&raw const limit).cast();
            let size = size_of::<libc::timeval>() as libc::socklen_t;
            libc::setsockopt(fd as i32, libc::SOL_SOCKET, libc::SO_SNDTIMEO, value, size)
        };
        checked(set as isize)?;
    }
    // SAFETY: the kernel reads the address, of the size that is given.
    let connected = unsafe {
        let size = size_of::<libc::sockaddr_un>() as libc::socklen_t;
        libc::connect(fd as i32, (&raw const address).cast(), size)
    };
    checked(connected as isize)?;
    Ok(socket)
}

/// Listens for programs on this machine.
#[derive(Debug)]
pub(crate) struct Local {
    /// It goes before the socket is closed: who finds it can still connect.
    _file: Option<SocketFile>,
    socket: UnixListener,
}

impl Local {
    /// Listens at a path.
    pub(crate) fn at(path: &Path) -> io::Result<Local> {
        let (socket, file) = socket_file::listen(path)?;
        socket.set_nonblocking(true)?;
        Ok(Local { _file: Some(file), socket })
    }

    /// Listens under a new name that is in no file system and goes with the socket.
    pub(crate) fn unnamed() -> io::Result<(Local, Vec<u8>)> {
        let name = format!("tandem-{:032x}", random()?).into_bytes();
        let socket = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
        socket.set_nonblocking(true)?;
        Ok((Local { _file: None, socket }, name))
    }

    /// The next connection; none is `WouldBlock`.
    pub(crate) fn accept(&self) -> io::Result<Socket> {
        self.socket.accept().map(|(stream, _)| Socket::from(stream))
    }

    pub(crate) fn descriptor(&self) -> Descriptor<'_> {
        self.socket.as_fd()
    }
}

/// Connects to who listens under such a name.
pub(crate) fn connect_unnamed(name: &[u8]) -> io::Result<Socket> {
    UnixStream::connect_addr(&SocketAddr::from_abstract_name(name)?).map(Socket::from)
}

/// Takes over a TCP connection. The kernel finds out when the host of its other end is gone: nothing else tells.
pub(crate) fn tcp(stream: TcpStream) -> io::Result<Socket> {
    let options = [
        (libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1),
        (libc::IPPROTO_TCP, libc::TCP_KEEPIDLE, 15),
        (libc::IPPROTO_TCP, libc::TCP_KEEPINTVL, 5),
        (libc::IPPROTO_TCP, libc::TCP_KEEPCNT, 3),
        (libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT, 30_000),
        (libc::IPPROTO_TCP, libc::TCP_NODELAY, 1),
    ];
    for (level, name, value) in options {
        let value: libc::c_int = value;
        // SAFETY: the kernel reads one integer, of the size that is given.
        let set = unsafe {
            let size = size_of::<libc::c_int>() as libc::socklen_t;
            libc::setsockopt(stream.as_raw_fd(), level, name, (&raw const value).cast(), size)
        };
        checked(set as isize)?;
    }
    Ok(stream.into())
}

/// Waits until no other process has this lock on the directory. It ends when the descriptor is closed,
/// however that comes about.
pub(super) fn lock_directory(directory: BorrowedFd<'_>) -> io::Result<()> {
    loop {
        // SAFETY: takes two integers and touches no memory of ours.
        let locked = unsafe { libc::flock(directory.as_raw_fd(), libc::LOCK_EX) };
        match checked(locked as isize) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done.map(drop),
        }
    }
}

/// Both ends of a stream, for tests.
#[cfg(test)]
pub(crate) fn pair() -> io::Result<(Socket, Socket)> {
    UnixStream::pair().map(|(one, other)| (one.into(), other.into()))
}
